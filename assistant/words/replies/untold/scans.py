"""Replies to what is asked of scans: each one calm sentence that says who decides. No false comfort, no diagnosis."""

from __future__ import annotations

import re

from assistant.types import Domain
from assistant.words import wording
from assistant.words.replies.verdicts import state
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

_WHO = {
    "malignant": (
        "Benign or malignant cannot be told from this picture: a radiologist decides, often with further sequences or a "
        "tissue sample."
    ),
    "birads": "No category is given here: BI-RADS and the like are assigned by the reading radiologist.",
    "biopsy": "Whether a biopsy is needed is decided by the treating doctors, with the whole examination and the history.",
    "diagnosis": "This is no diagnosis: several diseases look alike in one picture, and a qualified reader tells them apart.",
    "treatment": "Treatment is for the treating doctor to decide; one picture does not tell it.",
    "prognosis": "No picture alone tells the prognosis: please ask the treating doctor.",
    "medication": "Which medicine helps is for a doctor or pharmacist to say, never for a picture.",
    "sequence": "The picture does not tell how it was acquired; the file's header or the scanner's protocol does.",
}


def who_decides(scene: Scene) -> list[str]:
    """Of malignancy, category, biopsy, diagnosis, treatment, prognosis, medication, sequence: who decides, and what was seen."""
    said = _WHO[scene.asked.act.value]
    if scene.inspection.image.domain is Domain.INDUSTRIAL or (not scene.medical and not scene.inspection.image.domain):
        return [said, f"What I can say of the picture: {phrases.lowered(state(scene))}"]
    return [said, f"What I see: {phrases.lowered(state(scene))}"]


_PARTS = re.compile(
    r"\b(?:lobe|segment|gyrus|vertebra|rib|quadrant|ventricle|artery|vessel|bone|organ|region of the brain)\b"
)


def side(scene: Scene) -> list[str]:
    """Left or right, by the picture; of the patient only where the file says how it lies."""
    found = scene.inspection
    where = (
        f"{phrases.capital(phrases.mark_at(found.regions[0], scene))}, as the picture is shown."
        if found.regions
        else state(scene)
    )
    if not scene.medical:
        return [where]
    if part := _PARTS.search(scene.question.text.lower()):
        cells = wording.place(found.regions[0].cells) if found.regions else ""
        place = f"; it lies at {cells} of the picture" if cells else ""
        return [f"Which {part.group()} that is I cannot say, since I know no anatomy{place}."]
    return [where, phrases.WHICH_SIDE]


def plane(scene: Scene) -> list[str]:
    """Which slice."""
    source = scene.inspection.image.source
    _, chosen, selector = source.partition("::")
    if chosen and re.search(r"=\d", selector):
        name = source.rpartition("/")[2].partition("::")[0]
        return [f"This is {selector.replace('=', ' ')} of {name}, counted from 0{_from_one(selector)}."]
    return ["This is a single picture: which slice of a series it is, it does not tell."]


def _from_one(selector: str) -> str:
    """The same number as people count, where a selector has just one."""
    numbers = re.findall(r"=(\d+)", selector)
    return f", number {int(numbers[0]) + 1} from 1" if len(numbers) == 1 else ""


def scan(scene: Scene) -> list[str]:
    """Whether it is taken for a medical picture."""
    domain = scene.inspection.image.domain
    if domain is None:
        return [
            "I was not told whether this is a scan: say so with --domain medical (or on the page), and the words fit it."
        ]
    return [f"It is read as {'a medical' if domain is Domain.MEDICAL else 'an industrial'} picture."]
