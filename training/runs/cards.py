"""What a run made, in words: scores before and after on its own validation split, and whether tuning hurt."""

from __future__ import annotations

from collections.abc import Mapping

from assistant.vision.checkpoint import Card

CLEAR = 0.005
"""Smaller differences of a score are not spoken of."""


def compared(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """How much better each score became that both have; losses count downwards."""
    return {
        name: (before[name] - after[name]) if name.endswith("loss") else (after[name] - before[name])
        for name in after
        if name in before
    }


def notes_on(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    """What tuning did, in words; nothing without scores before."""
    gained = compared(before, after)
    if not gained:
        return []
    worse = {n: g for n, g in gained.items() if g < -CLEAR and n != "score"}
    better = {n: g for n, g in gained.items() if g > CLEAR and n != "score"}
    notes = []
    if gained.get("score", 0.0) < -CLEAR or (worse and not better):
        notes.append("Tuning hurt: the parts are worse than before on this validation split. Keep those of before.")
    elif not better:
        notes.append("Tuning changed nothing that this validation split shows.")
    else:
        notes.append("Tuning helped on this validation split.")
    if worse:
        told = ", ".join(f"{n} by {-g:.3f}" for n, g in sorted(worse.items(), key=lambda item: item[1]))
        notes.append(f"Worse than before: {told}.")
    return notes


def card_text(title: str, card: Card) -> str:
    """A card as Markdown."""
    lines = [f"## {title}", "", f"Made with `{card.command}` from the preset `{card.preset}`.", ""]
    lines += [*card.notes, ""] if card.notes else []
    if card.scores:
        lines += ["| on the validation split | before | after |", "|---|---|---|"]
        for name, value in card.scores.items():
            was = card.before.get(name)
            lines.append(f"| {name} | {'' if was is None else f'{was:.4f}'} | {value:.4f} |")
        lines.append("")
    lines += [f"Data manifests: {', '.join(f'`{digest[:16]}`' for digest in card.data)}", ""] if card.data else []
    return "\n".join(lines)
