"""A short caption of a sample as a conversation of two turns, derived from its records alone."""

from __future__ import annotations

from data_builders.sample import DefectRecord, Sample

QUESTION = "What does this picture show, and is anything wrong with it?"


def caption_conversation(sample: Sample) -> list[dict[str, str]]:
    """``[{role, content}, {role, content}]``: the question and the caption."""
    return [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": caption(sample)}]


def caption(sample: Sample) -> str:
    """One sentence on the object and one on what is wrong with it."""
    shown = f"The picture shows {_with_article(sample.object_name)}."
    if not sample.defects:
        return f"{shown} It looks normal: no defect is visible."
    ranked = sorted(sample.defects, key=lambda d: -d.area_fraction)
    listed = _join([_phrase(record) for record in ranked])
    return f"{shown} It is anomalous: there is {listed}."


def _phrase(record: DefectRecord) -> str:
    place = " and ".join(record.cells)
    percent = 100 * record.area_fraction
    size = f"{percent:.0f} %" if percent >= 1 else "less than 1 %"
    return f"{_with_article(record.type)} at the {place} ({record.severity.value}, {size} of the picture)"


_NO_ARTICLE = frozenset(
    {"contamination", "residue", "corrosion", "fluid", "atrophy", "discolouration", "texture disruption"}
)


def _with_article(words: str) -> str:
    if words in _NO_ARTICLE or (words.endswith("s") and not words.endswith("ss")):
        return words
    return f"{'an' if words[:1].lower() in 'aeiou' else 'a'} {words}"


def _join(phrases: list[str]) -> str:
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"
