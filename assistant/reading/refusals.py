"""Two things an answer can do beside answering: decline ("I cannot tell"), and correct what the question takes for granted.

Grammars over clauses. "I cannot see any defect" is an answer and no refusal: seeing nothing is a finding, being unable to
tell is none. Neither function knows the picture; whether what is said holds is :mod:`assistant.reading.faithfulness`'s matter.
"""

from __future__ import annotations

import re

from assistant.geometry import CELLS
from assistant.reading.clauses import GENERIC
from assistant.reading.spelling import written_out
from assistant.vocabulary.defect_types import ALL_TYPES

_TELL = (
    r"(?:tell|say|answer|determine|know|judge|identify|infer|read|measure|estimate|guess|name|give|provide|help|"
    r"comment|assess|deduce|speculate|diagnose|prescribe|state|establish|find out|work out|make out)"
)
_UNABLE = (
    r"(?:cannot|can not|could not|am not able to|am unable to|unable to|do not|would not|is not possible to|"
    r"is impossible to|not possible to|impossible to|no way (?:for me )?to|no way of|not in a position to)"
)
_SHOWN = r"(?:picture|image|photo|photograph|map|scan|it|that|this|evidence|anomaly map|picture alone|one picture)"
_DECLINED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_UNABLE} (?:\w+ ){{0,2}}?(?:{_TELL}|knowing|telling|saying)\b",
        r"\b(?:cannot|can not|could not) be (?:\w+ )?(?:told|known|determined|said|read|answered|seen|inferred|judged"
        r"|measured|established|identified|deduced)\b(?! (?:here|there|in this|at the))",
        r"\bi (?:have|see) no (?:\w+ )?(?:information|idea|data|knowledge|access|way|means|record)\b",
        r"\b(?:there is|contains|gives|holds|offers) no (?:\w+ )?(?:information|data|record|evidence) (?:about|on|of|for)\b",
        rf"\b{_SHOWN}s? (?:and (?:its|the) (?:\w+ )?map )?(?:alone |itself )?(?:does|do|can|could)(?: not|not) (?:\w+ )?"
        r"(?:show|tell|measure|carry|weigh|say|reveal|contain|read|give|provide|indicate|include|record|decide|let)\b",
        r"\b(?:is|are) (?:not (?:known|shown|visible|given|recorded|stated|available|part of|in the (?:picture|image)|"
        r"something (?:i|the|a)|a thing)|unknown|beyond (?:what|the))\b",
        r"\b(?:beyond|outside) (?:what|the scope|my)\b",
        r"\b(?:not known|unknown to me|no idea|not certain what|not sure (?:who|when|what|how))\b",
        r"\bonly one side can be seen\b",
        r"\bmap shows places\b.*\b(?:does not|not) read\b",
    )
)
_NEVER = re.compile(
    r"\b(?:cannot|can not|could not|do not|did not|unable to|not able to) "
    r"(?:\w+ ){0,2}?(?:see|find|detect|spot|notice|observe|identify|make out|determine|name|tell|locate|recognise|recognize)"
    rf"(?: \w+)? (?:any|an?|anything|one)\b(?: \w+){{0,3}}? ?(?:{GENERIC}|region|unusual|wrong|anything|"
    rf"{'|'.join(ALL_TYPES)}|anomalous|there|here|at|else|other)?s?\b"
    r"|\b(?:does|do|did) not (?:show|contain|reveal|indicate|have|include|display|exhibit) (?:\w+ ){0,3}?"
    rf"(?:{GENERIC}|region|anything|{'|'.join(ALL_TYPES)})s?\b"
)
"""Looking in vain: a finding."""


def declines(text: str) -> bool:
    """Whether an answer says that the question cannot be answered, and answers no part of it.

    >>> declines("I cannot tell the serial number."), declines("I cannot see any defect.")
    (True, False)
    """
    return any(_clause_declines(clause) for clause in _split(text))


def _clause_declines(clause: str) -> bool:
    if _NEVER.search(clause):
        return False
    return any(pattern.search(clause) for pattern in _DECLINED)


_KINDS = "|".join(sorted({*ALL_TYPES}, key=len, reverse=True))
_PLACE = "|".join(sorted(CELLS, key=len, reverse=True))
_ABSENT = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:there (?:is|are|was|were)|i (?:see|find|found|have|can see|detect|detected)|shows?|contains?|has|have) "
        r"(?:\w+ )?no\b",
        r"\b(?:there (?:is|are)|was|were) (?:not|none|nothing)\b",
        r"\bno (?:such )?[\w ]{1,60}?(?:is|are|was|were|can be|could be) (?:\w+ )?(?:found|seen|visible|there|present|"
        r"detected|identified|shown)\b",
        r"\bno (?:sign|trace|evidence|indication)s? of\b",
        r"^(?:actually )?no (?:such|region|defect|" + _KINDS + r")\b",
        r"\bnothing (?:\w+ ){0,2}?(?:stands? out|stood out|was found|is there|notable|unusual|remarkable|wrong|there|at the|"
        r"here|has that number|of the (?:kind|sort)|like that|is wrong|can be seen|visible|lies)\b",
        r"\b(?:see|find|found|notice) nothing\b",
        r"\b(?:did|do|does|can|could)(?: not|not) (?:\w+ )?(?:see|find|detect|exist|show|have|contain|notice|spot|look)\b",
        r"\b(?:cannot|can not|could not) (?:see|find|detect|spot)\b",
        r"\b(?:is|are|was|were) not (?:\w+ )?(?:an?|any|there|found|present|visible|seen|detected|odd|unusual|strange)\b",
        r"\b(?:is|are|was|were) (?:absent|missing from the map)\b",
        r"\b(?:misunderstanding|mistaken premise|false premise|not correct|is incorrect)\b",
        r"\bonly (?:\w+ ){0,3}?(?:regions?|region \d) (?:stands? out|exists?|was found|were found|is there|are there)\b",
        r"\bi have no region\b",
        r"\b(?:looks?|is|appears?|seems?) (?:\w+ )?(?:normal|fine|unremarkable|intact)(?: (?:there|here|at the (?:"
        + _PLACE
        + r")))?$",
    )
)


def corrects(text: str) -> bool:
    """Whether an answer says that something the question takes for granted is not there.

    >>> corrects("There is no crack here; a stain stands out."), corrects("It is 3 cm deep.")
    (True, False)
    """
    return any(pattern.search(clause) for clause in _split(text) for pattern in _ABSENT)


def _split(text: str) -> list[str]:
    """Lower-case clauses, short forms written out, questions left out."""
    text = re.sub(r"\b(there|it|that|this|nothing)'s\b", r"\1 is", written_out(text))
    text = re.sub(r"\bi'm\b", "i am", text).replace("i am afraid", "")
    found = []
    for sentence in re.findall(r"(?:[^.!?\n]|\.(?=\d))+[.!?\n]?", text):
        if sentence.rstrip().endswith("?"):
            continue
        sentence = re.sub(r"^\W*(?:no|yes|sorry|unfortunately|actually|well)\W*[,.:;!-]\s*", "", sentence.strip())
        for clause in re.split(r"[:;()–—,]|\b(?:but|however|although|though|because|while|whereas)\b", sentence):
            plain = " ".join(re.sub(r"[^a-z0-9.% ]", " ", clause.rstrip(".!\n ")).split())
            if plain:
                found.append(plain)
    return found
