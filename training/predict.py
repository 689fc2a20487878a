"""``python -m training.predict --sets SET... --out DIR``: the localizer over data sets, for language parts to learn from.

For each set a folder of its name: a safetensors file a picture (``map`` 48x48, ``image_tokens``: the projector's input, both
half precision), ``evidence.jsonl`` (index, source, evidence text, score) and ``inspections.jsonl`` (the inspection contract).
Half of the pictures are inspected with one to four references, by index; some are told the object's name. Goes on where it
was stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from rich.progress import track
from safetensors.torch import save_file

from assistant.errors import AssistantError
from assistant.evidence import caption, evidence_text
from assistant.knowledge import load_knowledge
from assistant.pipeline import Assistant
from assistant.projector import pool_blocks
from assistant.prompt_learner import resize_map
from assistant.report import inspection_row
from assistant.types import Domain, Inspection
from training.data import Row, read_rows
from training.language_data import EVIDENCE, INSPECTIONS

MOST_REFERENCES = 4


def references_of(row: Row) -> tuple[Path, ...]:
    """None for pictures with an even index, else one to four in turn, as far as there are any."""
    count = 1 + row.index // 2 % MOST_REFERENCES if row.index % 2 else 0
    return row.references[:count]


def told_name(row: Row) -> str | None:
    """The object's name for two pictures in three."""
    return row.object_name if row.index % 3 else None


def predict_row(assistant: Assistant, row: Row, target: Path) -> tuple[dict[str, object], dict[str, object]]:
    """Inspect one picture and write its tensors.

    Returns:
        Its evidence row and its inspection row.
    """
    name, references = told_name(row), references_of(row)
    seen = assistant.see(row.image, name, (), Domain(row.domain))
    profile = assistant.build_profile(references, object_name=name) if references else None
    inspection = assistant.judge(seen, profile, object_name=name)
    tensors = {
        "map": map_of(inspection)[0].half(),
        "image_tokens": pool_blocks(seen.features.levels[-1], seen.features.grid)[0].half().cpu().contiguous(),
    }
    partial = target.with_suffix(".partial")
    save_file(tensors, partial)
    partial.replace(target)
    knowledge = load_knowledge()
    evidence = {
        "index": row.index,
        "source": str(row.image),
        "evidence": evidence_text(inspection, knowledge),
        "score": inspection.image_score,
    }
    return evidence, inspection_row(inspection, caption=caption(inspection, knowledge))


def map_of(inspection: Inspection) -> torch.Tensor:
    """The calibrated map as the prompt learner reads it, (1, 48, 48)."""
    return resize_map(torch.from_numpy(inspection.anomaly_map.scores)[None, None])[0]


def predict_set(assistant: Assistant, folder: Path, out: Path, limit: int | None = None) -> int:
    """Inspect the pictures of a data set that are not in ``out`` yet; how many were."""
    out.mkdir(parents=True, exist_ok=True)
    done = _kept(out)
    rows = [row for row in read_rows(folder)[:limit] if row.index not in done]
    with (out / EVIDENCE).open("a", encoding="utf-8") as told, (out / INSPECTIONS).open("a", encoding="utf-8") as said:
        for row in track(rows, f"inspecting {folder.name}", disable=len(rows) < 8):
            evidence, inspected = predict_row(assistant, row, out / f"{row.index:07d}.safetensors")
            said.write(json.dumps(inspected) + "\n")
            said.flush()
            told.write(json.dumps(evidence) + "\n")
            told.flush()
    return len(rows)


def _kept(out: Path) -> set[int]:
    """Indices done before; both tables are cut to the rows that both have, whole, in the same order."""
    tables = []
    for name in (EVIDENCE, INSPECTIONS):
        path = out / name
        lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
        tables.append(lines)
    count = min(map(len, tables))
    for name, lines in zip((EVIDENCE, INSPECTIONS), tables, strict=True):
        (out / name).write_text("".join(f"{line}\n" for line in lines[:count]), encoding="utf-8")
    return {int(json.loads(line)["index"]) for line in tables[0][:count]}


def main(arguments: list[str] | None = None) -> int:
    """Command line. Exit code 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog="training.predict", description=__doc__)
    parser.add_argument("--sets", type=Path, nargs="+", required=True, help="data sets of data_builders.build")
    parser.add_argument("--out", type=Path, required=True, help="gets one folder a set")
    parser.add_argument("--preset", default="mini", help="whose localizer inspects")
    parser.add_argument("--limit", type=int, help="pictures a set at most")
    parser.add_argument(
        "--rotations",
        type=int,
        default=1,
        help="quarter turns a reference is looked at in, 1 to 4; each costs an encoding",
    )
    args = parser.parse_args(arguments)
    try:
        assistant = Assistant.load(args.preset)
        turned = assistant.preset.references.model_copy(update={"rotations": args.rotations})
        assistant.preset = assistant.preset.model_copy(update={"references": turned})
        for folder in args.sets:
            made = predict_set(assistant, folder, args.out / folder.name, args.limit)
            print(f"{folder.name}: {made} pictures inspected")
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
