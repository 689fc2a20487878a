"""Text into clauses that assert something, which words reach which by negation, and the words for kinds of defects.

Knows English sentences; does not know inspections. A user's own kinds ("no solder", "blowhole (small pit)") are masked
before the grammar sees them, so that words inside their names negate and state nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from assistant.geometry import CELLS
from assistant.reading.spelling import plain, written_out
from assistant.vocabulary.defect_types import ALL_TYPES
from assistant.vocabulary.knowledge import load_knowledge

NORMAL = (
    r"normal|fine|intact|flawless|healthy|unremarkable|undamaged|unblemished|okay|ok|spotless|clean|acceptable|"
    r"unaffected|(?:in )?(?:good|perfect) (?:condition|order|shape)|(?:looks|is|seems|appears) (?:all )?good|"
    r"defect free|damage free|as expected|as it should"
)
ANOMALOUS = (
    r"anomalous|abnormal|unusual|defective|damaged|faulty|flawed|wrong|out of order|not ok|broken|suspicious|"
    r"unacceptable|irregular|imperfect"
)
GENERIC = (
    r"(?:defect|anomal(?:y|ie)|flaw|fault|abnormalit(?:y|ie)|irregularit(?:y|ie)|imperfection|blemish|blemishe|"
    r"problem|issue|lesion)s?|damage"
)
_NEGATION = re.compile(
    r"\b(?:no|not|never|without|none|neither|nor|nothing|nowhere|cannot|hardly|free (?:of|from)|lacks?|absence of|"
    r"(?:rule[sd]?|ruling) out|fails? to (?:show|find)|devoid of|far from|anything but|no longer|unable to)\b"
)
_HYPOTHESIS = re.compile(r"\b(?:if|whether|unless|when|in case|should there be|were there|suppose)\b.*")
_EMPTY = (
    r"\b(?:there is |there are )?(?:no|without(?: an?)?|little) (?:reasonable )?doubt(?: that| about it)?\b"
    r"|\bnot (?:only|just|merely)\b"
)
_REFERENCE_WORDS = "reference|picture|image|sample|part|example|one|use|wear|structure|tissue|way|range|variation"


def clauses(text: str) -> list[str]:
    """Lower-case assertive clauses without punctuation; questions, hypotheses and a leading yes or no left out.

    >>> clauses("Yes, it is fine; if it cracks, call. Is it?")
    ['it is fine']
    """
    text = _rewritten(text)
    text = re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)
    text = re.sub(rf"\b(?:normal|intact|good)(?= (?:{_REFERENCE_WORDS})s?\b(?! (?:overall|as a whole)))", "", text)
    found: list[str] = []
    for sentence in re.findall(r"(?:[^.!?\n]|\.(?=\d))+[.!?\n]?", text):
        if sentence.rstrip().endswith("?"):
            continue
        sentence = re.sub(r"^\W*(?:yes|no|yeah|nope|correct|right|indeed)\b\s*[,.:;-]\s*", "", sentence.strip())
        for clause in re.split(
            r"[:;()–—]|,? \b(?:but|however|although|though|yet|because|while|whereas|except)\b"
            r"|, (?=(?:there|it|this|they|we|i|the|which|and there|and it|and the|so|nothing|no \w+ (?:is|are|was))\b)"
            r"| and (?=(?:there (?:is|are)|it (?:is|looks|has)|nothing|no (?:other|further|more) )\b)",
            sentence,
        ):
            words = _HYPOTHESIS.sub("", re.sub(r"[^a-z0-9.% ]", " ", clause.rstrip(".!\n ")))
            if words.strip():
                found.append(" ".join(words.split()))
    return found


def _rewritten(text: str) -> str:
    """Lower case, short forms written out, and turns of phrase as plain clauses."""
    text = re.sub(r"\b(there|here|it|this|that|what|nothing|everything|something)'s\b", r"\1 is", written_out(text))
    text = re.sub(r"\banything but\b", "not", re.sub(_EMPTY, "", text))
    text = re.sub(r"\bnot ([^.;,?!]*?),? but (?:rather )?(?=(?:an?|at|in|on|near|the)\b)", r"not \1; it is ", text)
    text = re.sub(r", (?:only|just|merely) (?=(?:an?|one)\b)", "; there is ", text)
    text = re.sub(
        r"(?<![^.!?\n] )(?:apart from|aside from|except for|besides|other than) ([^.;,?!]*?),?"
        r" (?=(?:it|the|this|that|there|everything|no|nothing|i)\b(?! (?:top|bottom|left|right|middle|centre)))",
        r"there is \1; elsewhere ",
        text,
    )
    text = re.sub(r"\b(?:middle|centre) of the (left|right)\b", r"middle \1", text)
    return re.sub(r"\b(?:middle|centre) of the (top|bottom)\b", r"\1 centre", text)


def negated(clause: str, at: int) -> bool:
    """Whether an odd number of negations reaches position ``at``: those in the ten words before it."""
    before = " ".join(clause[:at].split()[-10:])
    if "neither" in before:
        before = re.sub(r"\bnor\b", "or", before)
    before = re.split(r"\b(?:and|or)\s+(?=(?:no|not|without|nor|nothing)\b)", before)[-1]
    before = re.split(r"\bnot (?:at|in|on|a|an) .*?\brather\b", before)[-1]
    return len(_NEGATION.findall(before)) % 2 == 1


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Words for kinds.

    Args:
        pattern: every word for a kind; group 1 is the word, plurals are read as singulars.
        names: word to name.
        masks: a user's phrase and the word that stands for it in masked text.
    """

    pattern: re.Pattern[str]
    names: dict[str, str]
    masks: tuple[tuple[re.Pattern[str], str], ...]

    def mask(self, text: str) -> str:
        """The text with each of the user's phrases as one word that the grammar does not know."""
        for phrase, word in self.masks:
            text = phrase.sub(word, text)
        return text

    def find(self, clause: str, start: int = 0) -> list[tuple[str, int]]:
        """Names of kinds in a masked lower-case clause, each with its position."""
        return [(self.names[m[1]], m.start()) for m in self.pattern.finditer(clause, start)]


@cache
def vocabulary_of(own: tuple[str, ...] = ()) -> Vocabulary:
    """The built-in kinds with their synonyms, and the user's own names."""
    names = {name: name for name in ALL_TYPES}
    for entry in load_knowledge().entries.values():
        for word in entry.synonyms:
            names.setdefault(word.lower().replace("-", " "), entry.name)
    masks: list[tuple[list[str], str]] = []
    for number, name in enumerate(own):
        if name.lower() in ALL_TYPES or _is_grammar(name):
            continue
        names[word := f"userkind{number}"] = name
        masks += [(tokens, word) for tokens in _spellings(name)]
    ordered = sorted(masks, key=lambda mask: -len(" ".join(mask[0])))
    joined = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return Vocabulary(
        re.compile(rf"\b({joined})(?:s|es)?\b"),
        names,
        tuple(
            (re.compile(rf"\b{r'[^a-z0-9.]+'.join(tokens)}(?:s|es)?\b\)?", re.IGNORECASE), word)
            for tokens, word in ordered
        ),
    )


def _is_grammar(name: str) -> bool:
    words = name.lower().strip(" .")
    return words in CELLS or re.fullmatch(rf"{NORMAL}|{ANOMALOUS}|{GENERIC}|good|yes|no|none", words) is not None


def _spellings(name: str) -> list[list[str]]:
    """A name as words: whole, and without what stands in brackets; an article at its head is dropped."""
    both = (name, re.sub(r"\(.*?\)", "", name))
    words = (re.findall(r"[a-z0-9]+", re.sub(r"^(?:an?|the) ", "", one.lower().strip())) for one in both)
    return [list(one) for one in dict.fromkeys(tuple(w) for w in words) if one]


def mentioned_types(text: str, own: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of the kinds a text mentions by name or synonym, in order, whatever it says of them.

    Args:
        text: any.
        own: names of the user's own kinds, beside the built-in ones.
    """
    vocabulary = vocabulary_of(tuple(own))
    spelt = plain(vocabulary.mask(text)).replace("-", " ")
    return tuple(dict.fromkeys(name for name, _ in vocabulary.find(spelt)))


def same_kind(one: str | None, other: str | None) -> bool:
    """Whether two names are one kind: equal, or words for the same built-in kind.

    >>> same_kind("rust", "corrosion"), same_kind("rust", "stain"), same_kind(None, "rust")
    (True, False, False)
    """
    if one is None or other is None:
        return False
    names = vocabulary_of().names
    a, b = (name.lower().replace("-", " ") for name in (one, other))
    return names.get(a, a) == names.get(b, b)
