"""``python -m training.evaluate_language SET... [--replay FILE] [-o FILE]``: measures the language model of a preset.

``SET`` are folders of training.predict on pictures kept out of training, with the conversations of
``data_builders.dialogues --held-out`` in them; ``--replay`` is a file of training.replay on held-out prompts. Measured, and
printed as each is done: whether answers follow swapped maps (``map``), contradictions, premises and refusals over whole
conversations (``talk``), accuracy by what is told (``ablation``), what is kept of the base model (``general``), ``speed``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from assistant.errors import AssistantError, ConfigError
from assistant.language.interface import EVIDENCE, EvidenceKind
from assistant.language.models.mini import MiniLVLM
from assistant.language.models.mini_parts import base_folder, load_base
from assistant.pictures.images import load_image
from assistant.pictures.shards import is_there
from assistant.pipeline import Assistant
from assistant.report import package_version
from assistant.types import QueryImage
from training.language.data import LanguageSample, read_replay
from training.measures.ablation import ablation
from training.measures.conversations import contradictions, premises, talk_all, transcript
from training.measures.general_behaviour import general_behaviour, side_by_side
from training.measures.language_speed import long_conversation, paired_speed
from training.measures.map_following import map_following
from training.measures.told_pictures import ToldPicture, read_told

MEASURES = ("map", "talk", "ablation", "general", "speed")


@dataclass
class Evaluation:
    """What is measured, and what was found so far.

    Args:
        assistant: whose language model.
        model: that talks.
        pictures: of all sets.
        replay: held-out general prompts with the base model's answers; may be empty.
        limit: conversations, pairs, questions an intent and prompts at most, each.
        evidence: what is told in conversations and when timed.
        seed: of every draw.
        transcripts: conversations and general answers to print.
        out: file that is written after each measure; None for none.
        results: by measure.
    """

    assistant: Assistant
    model: MiniLVLM
    pictures: list[ToldPicture]
    replay: list[LanguageSample]
    limit: int | None
    evidence: EvidenceKind
    seed: int
    transcripts: int = 0
    out: Path | None = None
    results: dict[str, Any] = field(default_factory=dict)
    console: Console = field(default_factory=Console)

    def run(self, measures: Sequence[str]) -> None:
        """Each measure; its numbers are printed and kept at once."""
        for name in measures:
            _MEASURE[name](self)
            if name in self.results:
                self._keep(name)

    def _keep(self, name: str) -> None:
        for table in tables(name, self.results[name]):
            self.console.print(table)
        if self.out is not None:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            partial = self.out.with_name(f"{self.out.name}.partial")
            partial.write_text(json.dumps(self.results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            partial.replace(self.out)

    def follow_map(self) -> None:
        """Swapped maps."""
        self.results["map"] = map_following(self.model, self.pictures, self.limit, self.seed)

    def talk(self) -> None:
        """Whole conversations; the first of them to read."""
        left = self.transcripts

        def each(held: Any) -> None:
            nonlocal left
            if left > 0:
                self.console.print(transcript(held) + "\n", markup=False, highlight=False)
                left -= 1

        held = talk_all(self.model, self.pictures, self.evidence, self.limit, self.seed, each)
        self.results["talk"] = {"evidence": self.evidence, **contradictions(held), **premises(held)}

    def ablate(self) -> None:
        """Every kind of evidence, whatever is told elsewhere."""

        def each(told: str, row: dict[str, Any]) -> None:
            self.console.print(f"{told}: {_cell(row['mean']['accuracy'])}", markup=False)

        self.results["ablation"] = ablation(self.model, self.pictures, self.limit, self.seed, each=each)

    def general(self) -> None:
        """Against the base model; nothing without held-out prompts."""
        if not self.replay:
            self.console.print("general: left out, as no --replay was given")
            return
        parts = self.model.parts
        base, _ = load_base(base_folder(self.assistant.preset.language)[0], parts.model.dtype)
        base.to(parts.model.device)
        self.results["general"] = general_behaviour(parts, base, self.replay, self.limit)
        for text in side_by_side(parts, self.replay, self.transcripts):
            self.console.print(f"{text}\n", markup=False, highlight=False)

    def speed(self) -> None:
        """Paired with bare generate, then ten turns on a picture."""
        found = paired_speed(self.model, self.pictures, self.evidence)
        turns = long_conversation(self.assistant, _a_picture(self.pictures, self.seed), self.evidence)
        self.results["speed"] = {**found, **turns}


_MEASURE: dict[str, Callable[[Evaluation], None]] = {
    "map": Evaluation.follow_map,
    "talk": Evaluation.talk,
    "ablation": Evaluation.ablate,
    "general": Evaluation.general,
    "speed": Evaluation.speed,
}


def _a_picture(pictures: Sequence[ToldPicture], seed: int) -> QueryImage:
    """The first picture whose file is still there, else noise."""
    for picture in pictures:
        if is_there(picture.source):
            return load_image(picture.source)
    return QueryImage(np.random.default_rng(seed).integers(0, 256, (240, 320, 3), dtype=np.uint8), "noise")


def tables(name: str, found: dict[str, Any]) -> list[Table]:
    """A measure as tables: its numbers, and one more for each of its tables by intent."""
    rows = {key: value for key, value in found.items() if isinstance(value, dict)}
    plain = {key: value for key, value in found.items() if key not in rows}
    made = []
    if plain:
        table = Table("measure", "value", title=name)
        for key, value in plain.items():
            table.add_row(key, _cell(value))
        made.append(table)
    if name == "ablation":
        intents = list(dict.fromkeys(intent for row in rows.values() for intent in row))
        table = Table("told", *intents, title="accuracy (not read) by what is told")
        for told, row in rows.items():
            table.add_row(told, *(_accuracy(row.get(intent)) for intent in intents))
        made.append(table)
    elif rows:
        for key, row in rows.items():
            if row:
                table = Table(*row, title=key)
                table.add_row(*map(_cell, row.values()))
                made.append(table)
    return made


def _accuracy(row: dict[str, Any] | None) -> str:
    if row is None or row["accuracy"] is None:
        return "–"
    return _cell(row["accuracy"]) + (f" ({row['unread']:.2f})" if "unread" in row else "")


def _cell(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(_cell, value))
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def load_talking(preset: str, parts: Path | None) -> tuple[Assistant, MiniLVLM]:
    """A preset with its trained language model, or with that of another folder.

    Raises:
        ConfigError: a preset without trained parts, or with a model that is not run by ourselves.
    """
    assistant = Assistant.load(preset)
    if parts is not None:
        language = assistant.preset.language.model_copy(update={"parts": str(parts.resolve())})
        assistant.detector.preset = assistant.preset.model_copy(update={"language": language})
    if assistant.preset.language.parts is None or assistant.preset.language.kind not in ("embedded", "local"):
        raise ConfigError(
            "a preset with a trained language model of our own", f"{preset} without", "name its folder with --parts"
        )
    blank = QueryImage(np.full((64, 64, 3), 128, np.uint8), "blank")
    model = assistant.open(assistant.inspect(blank)).model
    assert isinstance(model, MiniLVLM)
    return assistant, model


def parser(program: str) -> argparse.ArgumentParser:
    """Options of the command line."""
    options = argparse.ArgumentParser(prog=program, description=__doc__)
    options.add_argument("sets", type=Path, nargs="+", metavar="SET", help="folders of training.predict")
    options.add_argument("--preset", default="mini", help="whose language model")
    options.add_argument("--parts", type=Path, help="folder of trained language parts, instead of the preset's own")
    options.add_argument("--replay", type=Path, help="held-out prompts with the base model's answers")
    options.add_argument("--limit", type=int, help="conversations, pairs, questions an intent and prompts at most")
    options.add_argument("--evidence", choices=EVIDENCE, default="both", help="what is told in conversations")
    options.add_argument("--seed", type=int, default=0, help="of every draw")
    options.add_argument("--measures", nargs="+", choices=MEASURES, default=MEASURES, help="all when not given")
    options.add_argument("--transcripts", type=int, default=0, metavar="N", help="print N whole conversations")
    options.add_argument("-o", "--out", type=Path, help="JSON file, written after each measure")
    return options


def main(arguments: Sequence[str] | None = None, program: str = "python -m training.evaluate_language") -> int:
    """Command line. Exit code 0, or 2 with one line on standard error."""
    options = parser(program)
    args = options.parse_args(arguments)
    if args.limit is not None and args.limit < 1:
        options.error("--limit must be 1 or more")
    try:
        pictures = [picture for folder in args.sets for picture in read_told(folder)]
        replay = read_replay(args.replay) if args.replay else []
        assistant, model = load_talking(args.preset, args.parts)
        about = {
            "preset": assistant.preset.name, "sets": [folder.name for folder in args.sets], "pictures": len(pictures),
            "towers": model.parts.towers, "dtype": str(model.parts.model.dtype), "device": str(model.parts.model.device),
            "limit": args.limit, "seed": args.seed, "version": package_version(),
        }  # fmt: skip
        Evaluation(
            assistant, model, pictures, replay, args.limit, args.evidence, args.seed, args.transcripts, args.out,
            {"about": about},
        ).run(list(dict.fromkeys(args.measures)))  # fmt: skip
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
