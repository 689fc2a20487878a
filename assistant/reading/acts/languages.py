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
        stop: words that are left out.
        words: one or more words to English ones; accents left out.
        stems: beginnings of words to English words, the longest first.
    """

    notice: str
    stop: frozenset[str]
    words: Mapping[str, str]
    stems: tuple[tuple[str, str], ...]

    def of_word(self, word: str) -> str | None:
        """A word in English, empty for a stop word; None for a word that is not known."""
        if word in self.words:
            return self.words[word]
        if word in self.stop:
            return ""
        return next((english for stem, english in self.stems if word.startswith(stem)), None)


@cache
def load_languages() -> Mapping[str, Language]:
    """By ISO 639-1 code, English first."""
    read = yaml.safe_load((resources.files(__package__) / "languages.yaml").read_text(encoding="utf-8"))
    found = {}
    for code, entry in read.items():
        pairs = re.findall(r"\s*([^=;\n]+)=([^;\n]*)", entry.get("words", ""))
        words = {_bare(word): english.strip() for word, english in pairs}
        found[code] = Language(
            entry.get("notice", ""),
            frozenset(_bare(entry["stop"]).split()),
            {word: english for word, english in words.items() if not word.endswith("*")},
            tuple(sorted(((w[:-1], e) for w, e in words.items() if w.endswith("*")), key=lambda pair: -len(pair[0]))),
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
    words = _bare(text[:1000]).split()
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
        spelt = _bare(sentence)
        english = _of_signs(spelt, known) if language in {"zh", "ja", "ko"} else _of_words(spelt.split(), known)
        if smooth := _smoothed(" ".join(english.split())):
            found.append(smooth + ("?" if "?" in sentence else "."))
    return " ".join(found)


_STOPS = str.maketrans({"\uff1f": "?", "\uff01": "!", "\u3002": ".", "\xbf": " ", "\xa1": " ", "\u061f": "?"})
_THINGS = "defects?|cracks?|scratch(?:es)?|dent|hole|stain|rust|damage|fault|problem|anomaly|part|picture|bottle|scan"
_ASKS = r"\b(?:where|what|how|why|which|when|who)\b"


def _smoothed(english: str) -> str:
    """The row of words with the little words that most languages leave out or place elsewhere.

    >>> _smoothed("size crack how big is there"), _smoothed("part is good")
    ('size of the crack how big', 'is the part good')
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
    return " ".join(english.split())


def _of_words(words: list[str], known: Language) -> str:
    found: list[str] = []
    at = 0
    while at < len(words):
        for length in (4, 3, 2):
            if (english := known.words.get(" ".join(words[at : at + length]))) is not None:
                break
        else:
            length, english = 1, known.of_word(words[at])
        found.append(words[at] if english is None else english)
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


def _bare(text: str) -> str:
    """Lower case, accents of Latin letters left out, words with one space between them ("*" and signs kept)."""
    text = text.lower().replace("\u0131", "i").replace("ß", "ss").replace("ł", "l").replace("œ", "oe")
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not "\u0300" <= c <= "\u036f")
    return " ".join(re.sub(r"[^\w*=;]+", " ", unicodedata.normalize("NFC", plain)).split())
