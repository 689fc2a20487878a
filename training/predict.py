"""``python -m training.predict --sets SET... --out DIR``: the localizer over data sets, for language parts to learn from.

For each set a folder of its name: a safetensors file a picture (``map`` 48x48, ``image_tokens``: the projector's input, both
half precision), ``evidence.jsonl`` (index, source, evidence text, score) and ``inspections.jsonl`` (the inspection contract
and the map's highest place). Half of the pictures are inspected with one to four references, by index; some are told the
object's name, and for some of those without regions the kind of the highest place. Goes on where it was stopped.

``python -m training.predict --recipe FILE --out DIR`` does the same on the tokens that a run of stage ``localize`` cached, with
the references of that run: seconds instead of minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from rich.progress import track
from safetensors.torch import save_file

from assistant.errors import AssistantError, ConfigError
from assistant.inquiry import Inquiry
from assistant.language.tokens.projector import pool_blocks
from assistant.language.tokens.prompt_learner import resize_map
from assistant.pictures.images import load_image
from assistant.pipeline import Assistant
from assistant.report import highest_row, inspection_row
from assistant.towers.encoder import PatchFeatures
from assistant.types import Domain, Inspection
from assistant.vision.encoded_query import EncodedQuery
from assistant.vision.references.profile import Profile
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words.evidence import caption, evidence_text
from training.language.data import EVIDENCE, INSPECTIONS
from training.localizer.data import SET_SPACING, DataRow, read_rows
from training.localizer.feature_folder import made_from, require_features
from training.localizer.features import read_batch, read_shape
from training.localizer.projection import hash_of_projection, projection_of
from training.runs.recipe import Recipe, read_recipe

MOST_REFERENCES = 4


def references_of(row: DataRow) -> tuple[Path, ...]:
    """None for pictures with an even index, else one to four in turn, as far as there are any."""
    count = 1 + row.index // 2 % MOST_REFERENCES if row.index % 2 else 0
    return row.references[:count]


def told_name(row: DataRow) -> str | None:
    """The object's name for two pictures in three."""
    return row.object_name if row.index % 3 else None


Look = Callable[[DataRow], tuple[EncodedQuery, Profile | None]]
"""What is seen of a picture, and the references it is compared with."""


def encoded_now(assistant: Assistant) -> Look:
    """Pictures through the visual encoder."""

    def look(row: DataRow) -> tuple[EncodedQuery, Profile | None]:
        name, references = told_name(row), references_of(row)
        profile = assistant.build_profile(references, object_name=name) if references else None
        inquiry = Inquiry(object_name=name, domain=Domain(row.domain))
        return assistant.detector.encode(row.image, inquiry, None if profile is None else profile.levels), profile

    return look


def encoded_before(assistant: Assistant, folder: Path, offset: int) -> Look:
    """Tokens and matches of a features folder; ``offset`` is added to an index there."""
    detector = assistant.detector

    def look(row: DataRow) -> tuple[EncodedQuery, Profile | None]:
        kept = replace(row, index=row.index + offset)
        shape = read_shape(folder / f"{kept.index:07d}.safetensors")
        batch = read_batch(folder, [kept], shape)
        features = PatchFeatures(batch.tokens, batch.pooled, (shape.rows, shape.columns))
        with torch.inference_mode():
            anchors = detector.anchors.states(told_name(row))[None]
            evidence = detector.localizer.text_evidence(features.levels, anchors, features.grid, new=batch.new)
        image = replace(load_image(row.image), domain=Domain(row.domain))
        inquiry = Inquiry(object_name=told_name(row), domain=Domain(row.domain))
        return EncodedQuery(image, features, evidence, inquiry, match=batch.match), None

    return look


def predict_row(
    assistant: Assistant, row: DataRow, target: Path, look: Look
) -> tuple[dict[str, object], dict[str, object]]:
    """Inspect one picture and write its tensors.

    Returns:
        Its evidence row and its inspection row.
    """
    encoded, profile = look(row)
    inspection = assistant.detector.score(encoded, profile)
    if row.index // 2 % 2:
        inspection = assistant.detector.name_highest(encoded, inspection)
    tensors = {
        "map": map_of(inspection)[0].half(),
        "image_tokens": pool_blocks(encoded.features.levels[-1], encoded.features.grid)[0].half().cpu().contiguous(),
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
    return evidence, inspection_row(inspection, caption=caption(inspection, knowledge)) | highest_row(inspection)


def map_of(inspection: Inspection) -> torch.Tensor:
    """The calibrated map as the prompt learner reads it, (1, 48, 48)."""
    return resize_map(torch.from_numpy(inspection.anomaly_map.scores)[None, None])[0]


def predict_set(
    assistant: Assistant, folder: Path, out: Path, limit: int | None = None, look: Look | None = None,
    split: str | None = None,
) -> int:  # fmt: skip
    """Inspect the pictures of a data set that are not in ``out`` yet; how many were.

    Args:
        assistant: whose localizer.
        folder: data set.
        out: folder of the predictions.
        limit: pictures at most, counted before the split is looked at.
        look: how a picture is seen; through the encoder when None.
        split: pictures of this split alone.
    """
    look = look or encoded_now(assistant)
    out.mkdir(parents=True, exist_ok=True)
    done = _kept(out)
    rows = [r for r in read_rows(folder)[:limit] if r.index not in done and split in (None, r.split)]
    with (out / EVIDENCE).open("a", encoding="utf-8") as told, (out / INSPECTIONS).open("a", encoding="utf-8") as said:
        for row in track(rows, f"inspecting {folder.name}", disable=len(rows) < 8):
            evidence, inspected = predict_row(assistant, row, out / f"{row.index:07d}.safetensors", look)
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


def _sources(assistant: Assistant, args: argparse.Namespace) -> Iterator[tuple[Path, int | None, Look]]:
    """Data sets, how many pictures of each, and how they are seen."""
    if args.recipe is None:
        for folder in args.sets:
            yield folder, args.limit, encoded_now(assistant)
        return
    recipe = read_recipe(args.recipe, [])
    if not isinstance(recipe, Recipe):
        raise ConfigError("a recipe of stage localize", args.recipe.name, "name the recipe of a localize run")
    data, detector = recipe.data, assistant.detector
    projection = hash_of_projection(projection_of(detector.localizer))
    require_features(data.features, made_from(recipe, detector.clip, projection))
    for position, folder in enumerate(data.sets):
        most = data.limit[position] if isinstance(data.limit, tuple) else None
        most = args.limit if most is None else min(most, args.limit or most)
        yield folder, most, encoded_before(assistant, data.features, position * SET_SPACING)


def main(arguments: Sequence[str] | None = None, program: str = "python -m training.predict") -> int:
    """Command line. Exit code 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("--sets", type=Path, nargs="+", help="data sets of data_builders.build")
    parser.add_argument("--recipe", type=Path, help="of a localize run whose data sets and cached tokens are used")
    parser.add_argument("--split", choices=("train", "validation"), help="pictures of one split alone")
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
    if (args.sets is None) == (args.recipe is None):
        parser.error("give --sets or --recipe")
    try:
        assistant = Assistant.load(args.preset)
        turned = assistant.preset.references.model_copy(update={"rotations": args.rotations})
        assistant.detector.preset = assistant.preset.model_copy(update={"references": turned})
        for folder, most, look in _sources(assistant, args):
            made = predict_set(assistant, folder, args.out / folder.name, most, look, args.split)
            print(f"{folder.name}: {made} pictures inspected")
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
