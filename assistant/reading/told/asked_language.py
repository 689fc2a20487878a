"""A message -> the language that its answer is asked for in, and the message without that.

Knows how a language is asked for in the languages whose questions are read; does not translate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMES = {
    ("de", "German"): r"german|deutsch\w*|allemand|alem[aá]n|tedesco|alem[aã]o",
    ("fr", "French"): r"french|fran[cç]ais\w*|franz[oö]sisch|franc[eé]s|francese",
    ("es", "Spanish"): r"spanish|espa[nñ]ol|castellano|spanisch|espagnol|spagnolo",
    ("it", "Italian"): r"italian|italiano|italienisch|italien",
    ("pt", "Portuguese"): r"portuguese|portugu[eê]s|portugiesisch|portugais",
    ("pl", "Polish"): r"polish|polsku|polnisch|polonais",
    ("tr", "Turkish"): r"turkish|t[uü]rk[cç]e|t[uü]rkisch",
    ("zh", "Chinese"): r"chinese|mandarin|chinesisch|chinois|chino|cinese|中文|汉语|漢語",
    ("ja", "Japanese"): r"japanese|japanisch|japonais|日本語",
    ("ko", "Korean"): r"korean|koreanisch|한국어",
    ("", "Dutch"): r"dutch|nederlands|niederl[aä]ndisch", ("", "Swedish"): r"swedish|svenska",
    ("", "Danish"): r"danish|dansk", ("", "Norwegian"): r"norwegian|norsk", ("", "Finnish"): r"finnish|suomeksi",
    ("", "Czech"): r"czech|[cč]esky", ("", "Hungarian"): r"hungarian|magyarul", ("", "Romanian"): r"romanian",
    ("", "Russian"): r"russian|russisch|по-русски|русском", ("", "Ukrainian"): r"ukrainian", ("", "Arabic"): r"arabic",
    ("", "Hindi"): r"hindi", ("", "Greek"): r"greek", ("", "Hebrew"): r"hebrew", ("", "Vietnamese"): r"vietnamese",
}  # fmt: skip
"""(ISO 639-1 code where its questions are read, English name): what it is called."""
_NAME = "|".join(_NAMES.values())
_PLEASE = (
    r"(?:please|pls|plz|bitte|s'?il (?:vous|te) pla[iî]t|svp|por favor|per favore|prosz[eę]|l[uü]tfen|thanks|thank you|now"
    r"|instead)"
)
_ANSWERS = (
    r"\b(?:answers?|repl(?:y|ies)|respond|write|say|speak|talk|tell|explain|summari[sz]e|summary|conclusion|translat\w+|give|put"
    r"|repeat|describe|report|need|want|note|sentences?|lines?|text|continue|switch|antworte\w*|schreib\w*|r[eé]pon\w*|respond[ae]|rispond\w*)\b"
)
_PHRASE = re.compile(
    rf",?\s*\b(?:(?:and|but) )?(?:in|into|to|auf|ins|en|em|po) (?:the |simple |plain )?(?:{_NAME})(?: language)?\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    rf"\b(?:use|speak|talk|switch to) (?:{_NAME})(?: language)?\b|^\W*(?:{_NAME}),? {_PLEASE}"
    r"|\bt[uü]rk[cç]e\b|用中文|日本語で|한국어로|по-русски",
    re.IGNORECASE,
)
_THING_IN_IT = re.compile(
    r"\b(?:written|printed|made|label|labels|etikett|[eé]tiquette|etiqueta|etichetta|words?|letters|manual"
    r"|standard|norm|instructions|is it|is this|is that)\s*$",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"(?:\W|\b(?:{_PLEASE}|can|could|would|will|you|i|we|do|the|your|my|an?|all|it|that|this|same|again|me|us|only|just|everything|ok"
    r"|okay|yes|no|and|but|so|to|for|of|then|answers?|reply|respond|response|write|say|speak|talk|tell|give|put|repeat|translate|need|want|like"
    r"|continue|switch|from|on|hi|hello|antworte\w*|schreib\w*|sag\w*|kannst|k[oö]nnen|du|sie|mir|das|es|r[eé]pond\w*|respond[ae]|rispondi|la"
    r"|le|r[eé]ponse)\b|[回答请用]|答えて|ください|대답|해|주세요)*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class AskedLanguage:
    """A language that an answer is asked for in.

    Args:
        code: ISO 639-1; empty where questions in it are not read.
        name: in English.
        native: it is called by another name than its English one.
        rest: the message without the request.
        alone: nothing else is asked.
    """

    code: str
    name: str
    native: bool
    rest: str
    alone: bool


def asked_language(text: str) -> AskedLanguage | None:
    """The language that a message asks for; None where it asks for none.

    >>> asked = asked_language("Where is it? Answer in French please.")
    >>> asked.name, asked.rest, asked.alone
    ('French', 'Where is it?', False)
    >>> asked_language("auf Deutsch bitte").alone, asked_language("is the label in German?")
    (True, None)
    """
    found = _PHRASE.search(text) or _OTHER.search(text)
    if found is None or _THING_IN_IT.search(text[: found.start()]):
        return None
    after = text[found.end() :]
    code, name = next(key for key, names in _NAMES.items() if re.search(rf"(?:{names})", found.group(), re.IGNORECASE))
    native = name.lower() not in found.group().lower()
    ends = re.match(rf"\W*(?:{_PLEASE}\W*)*(?:$|[.?!,;\n])", after, re.IGNORECASE) is not None
    if not ends and not native and not re.search(_ANSWERS, text, re.IGNORECASE):
        return None
    rest = re.sub(r"\s+(?=[.?!,;:])", "", " ".join(f"{text[: found.start()]} {after}".split()))
    asking = " ".join(one for one in re.split(r"(?<=[.?!:])\s+", rest) if not _BARE.fullmatch(one))
    return AskedLanguage(code, name, native, asking, not asking)
