"""Intents that need more than a list of phrasings: pointing, false premises, reports, what no picture tells, manners."""

from __future__ import annotations

import json
from dataclasses import replace

from assistant.geometry import CELLS
from assistant.types import Box, Region
from assistant.words import wording
from data_builders.words import nouns
from data_builders.words.phrases import Unsayable, load, pick, share
from data_builders.words.plain import absent_kind, deny
from data_builders.words.teller import Exchange, Teller


def pointed(teller: Teller) -> Exchange:
    """A place the user points at, by a box or by its name: which region that is, or that nothing stands out there."""
    if teller.situation == "diffuse":
        raise Unsayable("no region to point at")
    hit = bool(teller.regions) and teller.chance(0.5)
    if teller.chance(0.5):
        box, here = _box(teller, hit)
        question = teller.ask("pointed", "box", given={"box": _words(box, teller)})
    else:
        cell, here = _cell(teller, hit)
        question = teller.ask("pointed", "cell", given={"cell": cell})
    if not here:
        return replace(teller.finish("pointed", question, teller.tell(question, "pointed", "miss")), focus=None)
    if len(here) > 1:
        medical = teller.scene().medical
        named = [f"region {r.id} ({_short(teller, r, medical)})" for r in here[: nouns.LISTED]]
        if more := len(here) - len(named):
            named.append(f"{wording.NUMBERS[more] if more < 10 else more} more")
        return teller.finish("pointed", question, teller.tell(question, "pointed", "many", here=wording.join(named)))
    return teller.finish("pointed", question, teller.tell(question, "pointed", "hit", focus=here[0]), here[0])


def _short(teller: Teller, region: Region, medical: bool) -> str:
    named = wording.noun(region.type, teller.knowledge)
    if region.type is None:
        return "unclassified" if medical else "kind unknown"
    return f"possibly {named}" if medical or nouns.unsure(region) else named


def _words(box: Box, teller: Teller) -> str:
    """A box as people write it, sometimes with the picture's size."""
    numbers = ", ".join(map(str, box.as_tuple()))
    text = pick((f"({numbers})", f"[{numbers}]"), teller.rng)
    size = f"{teller.facts.width} x {teller.facts.height}"
    return f"{text} of the {size} picture" if teller.chance(0.5) else text


def _box(teller: Teller, hit: bool) -> tuple[Box, list[Region]]:
    """A box about a region, or one that no region touches; with the regions that lie in it."""
    width, height, rng = teller.facts.width, teller.facts.height, teller.rng
    for _ in range(30):
        if hit:
            target = pick(teller.regions, rng).box
            spread = max(2, round(0.15 * max(target.x_max - target.x_min, target.y_max - target.y_min)))
            jitter = [int(v) for v in rng.integers(0, spread + 1, 4)]
            x_min, y_min = max(0, target.x_min - jitter[0]), max(0, target.y_min - jitter[1])
            x_max, y_max = min(width, target.x_max + jitter[2]), min(height, target.y_max + jitter[3])
        else:
            w, h = (int(rng.integers(max(2, side // 10), max(3, side // 3))) for side in (width, height))
            x_min, y_min = int(rng.integers(0, max(1, width - w))), int(rng.integers(0, max(1, height - h)))
            x_max, y_max = min(width, x_min + w), min(height, y_min + h)
        if x_max <= x_min or y_max <= y_min:
            continue
        box = Box(x_min, y_min, x_max, y_max)
        here = [r for r in teller.regions if _overlap(box, r.box) > 0]
        if hit and here:
            return box, [r for r in here if _overlap(box, r.box) >= 0.5] or here[:1]
        if not hit and not here and not set(_cells(box, teller)) & {c for r in teller.regions for c in r.cells}:
            return box, []
    raise Unsayable("no such box")


def _overlap(box: Box, other: Box) -> float:
    """Share of the other box inside the box, [0, 1]."""
    wide = min(box.x_max, other.x_max) - max(box.x_min, other.x_min)
    high = min(box.y_max, other.y_max) - max(box.y_min, other.y_min)
    return max(0, wide) * max(0, high) / other.area


def _cells(box: Box, teller: Teller) -> set[str]:
    """Cells a box touches."""
    columns = range(box.x_min * 3 // teller.facts.width, (box.x_max - 1) * 3 // teller.facts.width + 1)
    rows = range(box.y_min * 3 // teller.facts.height, (box.y_max - 1) * 3 // teller.facts.height + 1)
    return {CELLS[3 * row + column] for row in rows for column in columns}


def _cell(teller: Teller, hit: bool) -> tuple[str, list[Region]]:
    """A cell with regions, or one that no region's box reaches."""
    if hit:
        cell = pick(pick(teller.regions, teller.rng).cells, teller.rng)
        return cell, [r for r in teller.regions if cell in r.cells]
    return free_cell(teller), []


def free_cell(teller: Teller) -> str:
    """A cell that no region's box reaches.

    Raises:
        Unsayable: there is none.
    """
    taken = {cell for r in teller.regions for cell in (*r.cells, *_cells(r.box, teller))}
    free = [cell for cell in CELLS if cell not in taken]
    if not free:
        raise Unsayable("every cell is taken")
    return pick(free, teller.rng)


def false_premise(teller: Teller) -> Exchange:
    """A question about something that is not there; the answer corrects it and says what is."""
    kind = pick(("kind", "kind", "place", "number"), teller.rng)
    if teller.situation == "diffuse" and kind == "kind":
        raise Unsayable("the kind is open")
    if kind == "number":
        high = len(teller.regions) + 1 + int(teller.rng.integers(3))
        question = teller.ask("false_premise", "number", given={"too_high": str(high)})
        return teller.finish("false_premise", question, teller.tell(question, "false_premise", "number"))
    if kind == "place":
        cell = free_cell(teller)
        question = teller.ask("false_premise", "place", given={"cell": cell})
        return teller.finish("false_premise", question, teller.tell(question, "false_premise", "place", cell=cell))
    wrong = absent_kind(teller)
    given = {"wrong_kind": wrong, "a_wrong_kind": wording.noun(wrong, teller.knowledge)}
    given["cell"] = pick(CELLS, teller.rng)
    question = teller.ask("false_premise", "kind", given=given)
    return teller.finish("false_premise", question, deny(teller, question, "false_premise", "kind", wrong))


def report(teller: Teller) -> Exchange:
    """Verdict, score and regions as compact JSON."""
    question = teller.ask("report", "asks")
    regions = [
        {"id": r.id, "type": r.type, "cells": list(r.cells), "severity": r.severity.value} for r in teller.regions[:9]
    ]
    content = {"verdict": teller.facts.verdict.value, "score": round(teller.facts.score, 2), "regions": regions}
    answer = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    if not teller.agrees(answer, question):
        raise Unsayable("a name in the report would be misread")
    return Exchange("report", question, answer)


def unanswerable(teller: Teller) -> Exchange:
    """A question no picture answers, declined with the reason."""
    content = load("unanswerable")
    flat = [(ask, topic) for topic in content["topics"] for ask in topic["ask"]]
    domain = "medical" if teller.scene().medical else "industrial"
    usable = [(ask, topic) for ask, topic in share(flat, teller.held_out) if topic.get("domain", domain) == domain]
    ask, topic = pick(usable, teller.rng)
    question = ask[:1].upper() + ask[1:]
    scene = teller.scene(what=topic["what"], why=topic["why"])
    return Exchange("unanswerable", question, teller.draw(content["declines"], scene, question))


def greeting(teller: Teller) -> Exchange:
    """Hello."""
    question = teller.ask("greeting", "asks")
    return Exchange("greeting", question, teller.tell(question, "greeting", "any"))


def thanks(teller: Teller) -> Exchange:
    """Thank you."""
    question = teller.ask("thanks", "asks")
    return Exchange("thanks", question, teller.tell(question, "thanks", "any"))
