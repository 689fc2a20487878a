"""Which language a message is in, and its words in English as far as the usual questions need them.

Script tells Chinese, Japanese and Korean; stop words and words of the field tell the others apart. What is made is a row of
English words, enough to tell what is asked, no sentence to show anybody.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

ENGLISH = "en"
_SCRIPTS = (
    ("ja", r"[\u3040-\u30ff]"),
    ("ko", r"[\uac00-\ud7af\u1100-\u11ff]"),
    ("zh", r"[\u4e00-\u9fff]"),
    ("ru", r"[\u0400-\u04ff]"),
    ("el", r"[\u0370-\u03ff]"),
    ("ar", r"[\u0600-\u06ff]"),
    ("he", r"[\u0590-\u05ff]"),
    ("hi", r"[\u0900-\u097f]"),
    ("th", r"[\u0e00-\u0e7f]"),
)
_SHARE = 0.3
"""Share of a message's letters in another script from which it is in that script's language."""


@dataclass(frozen=True, eq=False)
class Language:
    """What is known of a language.

    Args:
        notice: a sentence in it: this assistant answers in English; empty for English.
        stop: words that are left out; with their accents and without.
        words: one or more words to English ones; with their accents and without, where no other word is written so.
        stems: beginnings of words to English words, the longest first; accents left out.
        longest: words of the longest entry of ``words``.
    """

    notice: str
    stop: frozenset[str]
    words: Mapping[str, str]
    stems: tuple[tuple[str, str], ...]
    longest: int

    def of_word(self, word: str) -> str | None:
        """A word, as typed, in English, empty for a stop word; None for a word that is not known."""
        bare = _bare(word)
        for spelt in (word, bare):
            if spelt in self.words:
                return self.words[spelt]
            if spelt in self.stop:
                return ""
        return next((english for stem, english in self.stems if bare.startswith(stem)), None)


@cache
def load_languages() -> Mapping[str, Language]:
    """By ISO 639-1 code, English first."""
    read = yaml.safe_load((resources.files(__package__) / "languages.yaml").read_text(encoding="utf-8"))
    found = {}
    for code, entry in read.items():
        pairs = re.findall(r"\s*([^=;\n]+)=([^;\n]*)", entry.get("words", ""))
        stems = {_bare(word)[:-1]: english.strip() for word, english in pairs if word.strip().endswith("*")}
        whole = {_spelt(word): english.strip() for word, english in pairs if not word.strip().endswith("*")}
        stop = _spelt(entry["stop"])
        bare = {_bare(word): english for word, english in whole.items()}
        found[code] = Language(
            entry.get("notice", ""),
            frozenset([*stop.split(), *_bare(stop).split()]),
            {**bare, **whole},
            tuple(sorted(stems.items(), key=lambda pair: -len(pair[0]))),
            max((word.count(" ") + 1 for word in bare), default=1),
        )
    return found


def notice_in(language: str) -> str | None:
    """What to say before an English answer; None for English and for languages that are not known."""
    known = load_languages().get(language)
    return known.notice or None if known else None


def language_of(text: str) -> str:
    """ISO 639-1 code of a message's language; English where nothing tells another.

    >>> language_of("Wo ist der Kratzer?"), language_of("欠陥はどこですか"), language_of("where is it")
    ('de', 'ja', 'en')
    """
    letters = re.findall(r"[^\W\d_]", text[:1000])
    for code, script in _SCRIPTS:
        if len(re.findall(script, text[:1000])) > _SHARE * len(letters):
            return code
    words = _spelt(text[:1000]).split()
    counts = {
        code: sum(known.of_word(word) is not None for word in words)
        for code, known in load_languages().items()
        if code not in {"zh", "ja", "ko"}
    }
    best = max(counts, key=lambda code: (counts[code], code == ENGLISH, _accents(text, code)))
    return best if 2 * counts[best] >= len(words) else ENGLISH


def _accents(text: str, code: str) -> int:
    """Letters of a text that only this one of the languages with Latin letters has."""
    own = {"de": "äöüß", "fr": "çèêàùœ", "es": "¿¡ñ", "it": "ìò", "pt": "ãõ", "pl": "ąćęłńśźż", "tr": "ğış"}
    return sum(letter in own.get(code, "") for letter in text.lower())


def in_english(text: str, language: str) -> str:
    """A message's words in English, in their order; words that are not known stay, stop words go.

    >>> in_english("Wie groß ist der Kratzer?", "de")
    'how big is the scratch?'
    """
    known = load_languages().get(language)
    if known is None:
        return text
    found = []
    for sentence in re.findall(r"[^?!.\n]+[?!.\n]*", text.translate(_STOPS)):
        parts = []
        for part in sentence.split(","):
            spelt = _spelt(part)
            english = (
                _of_signs(_bare(spelt), known) if language in {"zh", "ja", "ko"} else _of_words(spelt.split(), known)
            )
            parts += [_smoothed(clause) for clause in re.split(r"^(hello|thank you)(?= )", " ".join(english.split()))]
        if told := ", ".join(part for part in parts if part):
            found.append(re.sub(r"^(hello|thank you), ", r"\1. ", told) + ("?" if "?" in sentence else "."))
    return " ".join(found)


_STOPS = str.maketrans(
    {"\uff1f": "?", "\uff01": "!", "\u3002": ".", "\uff0c": ",", "\u3001": ",", "\xbf": " ", "\xa1": " ", "\u061f": "?"}
)
_THINGS = (
    "defects?|cracks?|scratch(?:es)?|dent|hole|stain|spot|rust|damage|fault|problem|anomaly|tumour|lesion|part|picture|bottle|scan"
    "|cloth|tile|board|pill|capsule|screw|weld|surface"
)
_MAY = "can (?:i|we|it be)|should (?:i|we)|may i"
_DONE = "use|ship|sell|keep|reject|scrap|throw away|repair|rework|wash|clean|avoid"
_ASKS = r"\b(?:where|what|how|why|which|when|who)\b"


def _smoothed(english: str) -> str:
    """The row of words with the little words that most languages leave out or place elsewhere.

    >>> _smoothed("size crack how big is there"), _smoothed("part is good"), _smoothed("bottle can i use")
    ('size of the crack how big', 'is the part good', 'can i use the bottle')
    """
    if re.search(_ASKS, english):
        english = re.sub(r"\bis (?:there|it)\b(?! (?:ok|good|broken|normal))", " ", english)
    english = re.sub(rf"\b(size|length|width|location|cause|area) ((?:{_THINGS})\b)", r"\1 of \2", english)
    english = re.sub(
        rf"(?<!the )(?<!a )(?<!kind )(?<!what )(?<!which )(?<!many )(?<!there )\b({_THINGS})\b", r"the \1", english
    )
    english = re.sub(r"^(?:the )?problem what$|\bwhat (?:is )?(?:the )?(?:wrong|problem)\b", "what is wrong", english)
    for noun, word in (("size", "big"), ("length", "long"), ("width", "wide"), ("depth", "deep")):
        english = re.sub(rf"^(.*?) ?\b{noun} how$", rf"how {word} is \1", " ".join(english.split()))
    english = re.sub(r"^(the \w+) is (\w+)$", r"is \1 \2", " ".join(english.split()))
    english = re.sub(r"\bthis the\b", "the", english)
    english = re.sub(r"^(.+) is there$", r"is there \1", english)
    english = re.sub(rf"^(?:is )?({_MAY}) (.+?) ({_DONE})$", r"\1 \3 \2", english)
    english = re.sub(rf"^(the \w+) ({_MAY}) ({_DONE})(?: it)?$", r"\2 \3 \1", english)
    return " ".join(english.split())


def _of_words(words: list[str], known: Language) -> str:
    """Words as typed: the longest known row of them at each place; those that are not known stay, without accents."""
    found: list[str] = []
    at = 0
    while at < len(words):
        for length in range(known.longest, 1, -1):
            row = " ".join(words[at : at + length])
            if (english := known.words.get(row, known.words.get(_bare(row)))) is not None:
                break
        else:
            length, english = 1, known.of_word(words[at])
        found.append(_bare(words[at]) if english is None else english)
        at += length
    return " ".join(found)


def _of_signs(text: str, known: Language) -> str:
    """For scripts without spaces: the longest known piece at each place; signs that are not known go."""
    pieces = {**dict.fromkeys(known.stop, ""), **known.words}
    longest = max(map(len, pieces))
    found: list[str] = []
    at = 0
    while at < len(text):
        length = next((n for n in range(longest, 0, -1) if text[at : at + n] in pieces), 0)
        found.append(pieces[text[at : at + length]] if length else text[at] if text[at].isascii() else " ")
        at += length or 1
    return " ".join(" ".join(found).split())


def _spelt(text: str) -> str:
    """Lower case, words with one space between them ("*" and signs kept)."""
    return " ".join(re.sub(r"[^\w*=;]+", " ", unicodedata.normalize("NFC", text.lower())).split())


def _bare(text: str) -> str:
    """The same without accents of Latin letters."""
    text = text.lower().replace("\u0131", "i").replace("ß", "ss").replace("ł", "l").replace("œ", "oe")
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f")
    return _spelt(plain)
