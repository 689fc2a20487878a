"""Replies to objections: what the user knows is granted, what the kind rests on is said, and how it is corrected.

A kind is named by likeness alone; what the part is made of, and what is on it, the user knows and the picture does not show.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from assistant.reading.acts.understanding import Understanding
from assistant.reading.question import read_question
from assistant.reading.told.kind_words import kinds_of_words
from assistant.reading.told.posed import Pose
from assistant.types import Inspection, Region
from assistant.vocabulary.knowledge import Entry
from assistant.words import wording
from assistant.words.replies.findings import nothing
from assistant.words.replies.posed.alternatives import posed_of, share
from assistant.words.replies.verdicts import DECIDES
from assistant.words.scene import phrases
from assistant.words.scene.scene import Scene

NEXT = 3
"""Kinds after the likeliest that are offered."""
LEAST = 0.01
"""Chance below which a kind is not offered."""
STEM = 5
"""Letters by which words are compared: "printing" and "print", "thread" and "threads"."""
_FRAME = re.compile(r"\b(?:frame|edge|border|cut off|cropped|rim)\b")
_NO_KIND = re.compile(
    r"\b(?:frame|edge|border|cut off|cropped|defect|problem|reflection|glare|shadow|dust|dirt|light|fine|ok|okay|good"
    r"|normal|design|artefact|artifact|false alarm)\b",
    re.IGNORECASE,
)
"""Names that say that nothing is wrong: what is claimed with them is no kind."""


def objection(scene: Scene) -> list[str]:
    """To somebody who objects to a kind, to its causes or to what to do about it."""
    put = posed_of(scene)
    if not scene.regions:
        return nothing(scene, "name")
    doubted = read_question(put.subject).kinds[:1]
    region = next((r for r in scene.regions if r.type in doubted), scene.regions[0])
    if doubted and region.type not in doubted:
        return _never_said(scene, region, doubted[0])
    entry = scene.knowledge.find(region.type)
    if entry is not None and not _names(put.subject, region):
        if causes := [cause for cause in entry.causes if _is_about(put.subject, cause)]:
            return _cause(scene, region, entry, causes, put.subject)
        if put.subject == "cause":
            return _cause(scene, region, entry, [], "")
        if any(_is_about(put.subject, action) for action in entry.actions):
            return _advice(entry, put.subject, scene)
    return [_granted(scene, region, put.subject), _rests_on(scene, region, put.options),
            _how_to_name(scene, region, *put.options[:1])]  # fmt: skip


def _never_said(scene: Scene, region: Region, kind: str) -> list[str]:
    """To somebody who objects to a kind that nothing was given."""
    where = f"{phrases.name(region)}, {phrases.place(region)}"
    return [
        f"I call nothing {wording.noun(kind, scene.knowledge)} here: {where}, looks most like {_ranked(scene, region)}; "
        f"{_number_of(scene, region, kind)}.",
        _how_to_name(scene, region),
    ]


def correction(scene: Scene) -> list[str]:
    """To somebody who would call it something else: its chance, and how to have it called so."""
    name = posed_of(scene).options[0]
    if not scene.regions:
        return nothing(scene, "name")
    region = scene.regions[0]
    harmless = _NO_KIND.search(name) is not None
    if harmless:
        if _FRAME.search(name):
            return [_framed(scene, region, name), f"By its looks: {_ranked(scene, region)}."]
        return [
            f"It may be {_mass(name)}: the map shows that {phrases.name(region)}, {phrases.place(region)}, differs (up to "
            f"{wording.score(scene.inspection, region.peak_score)}), not what it is. By its looks: {_ranked(scene, region)}.",
            _undo_of(scene),
        ]
    head = "" if scene.medical else f"It may be {_articled(name)}; you see the part. "
    return [f"{head}{_standing(scene, region, name)}", _how_to_name(scene, region, name)]


def what_else(scene: Scene) -> list[str]:
    """The kinds after the likeliest, with their chances."""
    if not scene.inspection.regions or (not scene.regions and not scene.question.rank):
        return nothing(scene, "name")
    region = (scene.regions or scene.inspection.regions)[0]
    entry = scene.knowledge.find(region.type)
    said = [
        f"{phrases.capital(phrases.name(region))}, {phrases.place(region)}, by its looks: {_ranked(scene, region)}."
    ]
    if len(scene.chances_of(region)) < 2 and entry is not None and entry.confusable:
        alike = wording.join([wording.noun(n, scene.knowledge) for n in entry.confusable], "or")
        said.append(f"Kinds that look alike: {alike}.")
    return [*said, _how_to_name(scene, region)]


def called(scene: Scene) -> list[str]:
    """To somebody who gives a region a name."""
    names = called_of(scene.asked.slots.numbers, posed_of(scene).options[0], scene.inspection, scene.focus)
    if not names and scene.inspection.regions:
        name = posed_of(scene).options[0]
        return [f'Say which region: "region {scene.inspection.regions[0].id} is {_articled(name)}".']
    if not names:
        return nothing(scene, "name")
    ((number, name),) = names.items()
    region = next(r for r in scene.inspection.regions if r.id == number)
    looks = (
        ""
        if region.type is None
        else f" By its looks it is nearest to {_likeliest(scene, region)}; place, size and score stay."
    )
    return [
        f'Noted: in this conversation I call region {number} "{name}".{looks}',
        "To have later regions like it named so, group the regions of a batch and name the group (groups name).",
    ]


def called_in(understood: Understanding, inspection: Inspection, focus: Sequence[int]) -> dict[int, str]:
    """Names that a message gives to regions, by their numbers."""
    found: dict[int, str] = {}
    for one in understood.acts:
        if one.slots.posed is not None and one.slots.posed.pose is Pose.CALLED:
            found |= called_of(one.slots.numbers, one.slots.posed.options[0], inspection, focus)
    return found


def called_of(numbers: frozenset[int], name: str, inspection: Inspection, focus: Sequence[int]) -> Mapping[int, str]:
    """The region that a name is given to: the one numbered, the one spoken of, or the only one; else empty."""
    there = [r.id for r in inspection.regions]
    meant = [n for n in there if n in numbers] or ([] if numbers else [n for n in focus if n in there][:1] or there[:1])
    return {meant[0]: name} if len(meant) == 1 and (numbers or focus or len(there) == 1) else {}


def _cause(scene: Scene, region: Region, entry: Entry, doubted: Sequence[str], subject: str) -> list[str]:
    rest = [cause for cause in entry.causes if cause not in doubted]
    said = (
        f"The causes are those of {wording.noun(entry.name, scene.knowledge)} in general, whatever the material; I do not know "
        "what this part is made of."
    )
    kept = (
        f"{phrases.capital(wording.join(rest, 'or'))} {'remains' if len(rest) == 1 else 'remain'}"
        if doubted and rest
        else ""
    )
    granted = f'Granted: where there is no {_last_word(subject)}, "{doubted[0]}" falls away.' if doubted else ""
    left = f"{kept}; the picture alone does not prove which." if kept else _which_fits(entry)
    return [
        *([granted] if granted else []),
        said,
        left,
        f"The kind itself rests on likeness alone ({_likeliest(scene, region)}).",
    ]


def _which_fits(entry: Entry) -> str:
    return f"They are {wording.join(entry.causes, 'or')}; which of them makes sense is for somebody to say who knows the process."


def _advice(entry: Entry, subject: str, scene: Scene) -> list[str]:
    rest = [action for action in entry.actions if not _is_about(subject, action)]
    named = wording.noun(entry.name, scene.knowledge)
    return [
        f"Granted: that advice goes with {named} in general, not with what this is.",
        f"What remains of it: {wording.join(rest)}." if rest else "Nothing else is known of that kind.",
    ]


def _granted(scene: Scene, region: Region, subject: str) -> str:
    """What the user knows better, said again."""
    if region.type is None:
        return "You know the part, I only see its picture."
    named = wording.noun(region.type, scene.knowledge)
    if _names(subject, region) or read_question(subject).kinds[:1] == (region.type,):
        return f"You know what this is, I only see its picture: if {named} is ruled out here, take your word over mine."
    there = f"there is no {subject} on it" if subject else "it cannot be that"
    return f"You know what this is, I only see its picture: if {there}, {named} may well be the wrong name."


def _rests_on(scene: Scene, region: Region, claimed: Sequence[str]) -> str:
    """What the kind rests on, what comes next, and what the chances say of a name that the user puts."""
    number = f"; {_number_of(scene, region, claimed[0])}" if claimed else ""
    named = f"{phrases.capital(phrases.name(region))}, {phrases.place(region)}, was named by likeness alone"
    return f"{named}: {_ranked(scene, region)}{number}."


def _standing(scene: Scene, region: Region, name: str) -> str:
    """What the chances say of a name that the user puts."""
    looks = f"By its looks {phrases.name(region)}, {phrases.place(region)}, is nearest to {_ranked(scene, region)}"
    return f"{looks}; {_number_of(scene, region, name)}."


def _number_of(scene: Scene, region: Region, name: str) -> str:
    """The chance of a name that the user puts."""
    kinds = kinds_of_words(name, [kind for kind, _ in scene.chances_of(region)])
    if not kinds:
        return f'"{name}" is no kind of my vocabulary, so I have no number for it'
    noun = wording.noun(kinds[0], scene.knowledge)
    own = "" if kinds[0] == name else f'"{name}" is {noun} in my vocabulary: '
    if kinds[0] == region.type:
        return f"{own or f'{noun} '}that is what it looks most like" if own else f"{noun} is what it looks most like"
    chance = dict(scene.chances_of(region)).get(kinds[0])
    return f"{own}{noun} was not among the kinds chosen from" if chance is None else f"{own}{noun} has {share(chance)}"


def _ranked(scene: Scene, region: Region) -> str:
    """The likeliest kinds with their chances."""
    rest = [(kind, chance) for kind, chance in scene.chances_of(region)[1 : NEXT + 1] if chance >= LEAST]
    told = [_likeliest(scene, region), *(f"{wording.noun(k, scene.knowledge)} ({share(c)})" for k, c in rest)]
    return ", then ".join([told[0], wording.join(told[1:])]) if rest else told[0]


def _likeliest(scene: Scene, region: Region) -> str:
    if region.type is None:
        return "no kind"
    guess = "" if (region.type_probability or 0.0) >= phrases.CERTAIN else ", a guess"
    return f"{wording.noun(region.type, scene.knowledge)} ({share(region.type_probability or 0.0)} sure{guess})"


def _how_to_name(scene: Scene, region: Region, name: str = "...") -> str:
    """How to have it called by another name."""
    if scene.medical:
        return f"This is no diagnosis. {DECIDES}"
    return f'Say "{phrases.name(region)} is {_articled(name)}" to correct it in this conversation.'


def _undo_of(scene: Scene) -> str:
    if scene.medical:
        return DECIDES
    return "If good ones look like this, give it or others as references, and it is unlikely to be marked again."


def _framed(scene: Scene, region: Region, name: str) -> str:
    """To somebody who takes a mark for the edge of picture or object."""
    b, image = region.box, scene.inspection.image
    touches = b.x_min <= 0 or b.y_min <= 0 or b.x_max >= image.width or b.y_max >= image.height
    where = f"{phrases.name(region)}, {phrases.place(region)}"
    said = f"{where}, {'touches' if touches else 'does not touch'} the edge of the picture"
    if touches:
        return f"It may be: {said}, and what is cut off there cannot be judged. A picture that shows more of it would tell."
    beside = "whether it is that of something in it the map does not tell"
    return f"{phrases.capital(said)}, so the picture's own edge is not it; {beside}."


def _mass(name: str) -> str:
    """A name with its article, where it has one."""
    return (
        _articled(name)
        if re.match(r"(?:reflection|shadow|false alarm|fingerprint|artefact|artifact)\b", name)
        else name
    )


def _articled(name: str) -> str:
    return (
        name
        if name.split()[0] in ("a", "an", "the") or (name[0].isupper() and " " not in name and "-" in name)
        else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
    )


def _is_about(subject: str, text: str) -> bool:
    """Whether two phrases share a word of substance."""
    stems = {word[:STEM] for word in re.findall(r"[a-z]{4,}", text.lower())}
    return bool(subject) and any(word[:STEM] in stems for word in re.findall(r"[a-z]{4,}", subject.lower()))


def _names(subject: str, region: Region) -> bool:
    return region.type is not None and _is_about(subject, region.type)


def _last_word(subject: str) -> str:
    return subject.split()[-1] if subject else "such thing"
