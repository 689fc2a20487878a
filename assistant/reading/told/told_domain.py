"""A message -> whether it states that the picture is a scan of a patient, or that it is none.

A word of such talk ("patient", "lesion") states nothing: tablets have patients, and somebody may call a dent a lesion.
"""

from __future__ import annotations

import re

_CLEAR = (
    r"(?:f?mris?|mr (?:scan|image|slice)s?|mammogra(?:ms?|phy)|sonogra(?:ms?|phy)|echocardiograms?|angiogra(?:ms?|phy)"
    r"|pet[- ]?(?:scan|ct)s?|cat scans?|fundus (?:photo|image|picture)s?|endoscop(?:y|ic \w+)|colonoscopy|biopsy slides?"
    r"|medical (?:scan|image|picture|photo)s?)"
)
"""What only people are taken with."""
_SHARED = r"(?:ct|(?:ct|ultrasound|x-?ray)[- ](?:scan|image|picture|slice)s?|ultrasounds?|x-?rays?|radiographs?|scans?|slices?)"
"""What parts are taken with as well."""
_BODY = (
    r"(?:brains?|heads?|skulls?|chests?|lungs?|thorax|livers?|kidneys?|abdomen|pelvis|spines?|knees?|hips?|breasts?|retinas?"
    r"|hearts?|thyroid|prostate|teeth|jaws?|bones?|patients?|wom[ae]n|m[ae]n|child|person|people|human)"
)
_FEW = r"(?:[\w-]+ ){0,3}?"
_IS = (
    r"\b(?:this|it|that|these|they|the (?:picture|image|photo|file))(?:'s|s| is| are| was)"
    r"(?: (?:really|actually|in fact|of course|just|clearly|obviously|only))* (?:an? |the |my |our )?"
)
_OF = rf"(?: of (?:an? |the |my |our )?{_FEW})"
_ENDS = (
    r"(?= *(?:$|[^\w ]|(?:of|and|or|but|from|with|in|on|for|at|taken|where|so|what|not|then|please|show\w*|look\w*|is|was"
    r"|has)\b))"
)
"""What may follow the name of a picture that is none of a thing ("an MRI magnet")."""
_NEAR = r"(?:(?!(?:be|is|an?|the|of)\b)[\w-]+ ){0,2}?"
_STATES = re.compile(
    rf"{_IS}{_FEW}{_CLEAR}{_ENDS}|{_IS}{_FEW}{_SHARED}{_ENDS}(?!{_OF}(?!{_BODY})\w)|{_IS}{_FEW}{_BODY} {_FEW}{_SHARED}{_ENDS}"
    rf"|\b(?:this|these|my|our) {_NEAR}{_CLEAR}{_ENDS}"
    rf"|\b(?:this|these|my|our|the) {_NEAR}{_BODY}(?:'s)? {_NEAR}{_SHARED}{_ENDS}"
    rf"|\b(?:{_CLEAR}|{_SHARED}){_OF}{_BODY}\b|\b(?:treat|take|read) (?:it|this) as (?:an? )?(?:medical|scan|{_CLEAR})\b"
)
_DENIES = re.compile(
    rf"\b(?:not|no|isn'?t|aren'?t|never) (?:an? |the |any )?{_FEW}(?:{_CLEAR}|{_SHARED}|medical)\b"
    r"|\b(?:this|it|that)(?:'s| is) (?:an? )?(?:industrial|technical)\b"
)


def told_scan(said: str) -> bool | None:
    """Whether a plain text states that the picture is a scan of a patient; None where it states neither.

    >>> told_scan("this is a brain mri. what is it?"), told_scan("that's not a scan"), told_scan("is it bad for the patient?")
    (True, False, None)
    >>> told_scan("this is a ct scan of the weld"), told_scan("is this a scan?"), told_scan("what do you see in this mri?")
    (None, None, True)
    """
    if _DENIES.search(said):
        return False
    return True if _STATES.search(said) else None
