"""``python -m training.export preset RUN... --out FOLDER``: a preset folder made of a base preset and trained parts.

``--preset FOLDER`` then uses it everywhere. Later runs win over earlier ones where both trained the same part; parts that no
run trained are copied from the base preset. ``python -m training.export merge PARTS --preset NAME --out FOLDER`` adds a LoRA into
the weights of its base model and writes a plain transformers folder.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import yaml

from assistant.config import Preset, load_preset
from assistant.errors import AssistantError, ConfigError
from assistant.language.models.mini_parts import PROMPTS
from assistant.vision.checkpoint import FILE as LOCALIZER
from assistant.vision.checkpoint import Card
from training.runs.cards import card_text
from training.runs.record import FILE as RUN

PARTS = {"localizer": LOCALIZER, "language": PROMPTS}
"""What lies in a folder of each kind of trained parts."""


def parts_of(run: Path) -> tuple[str, Path]:
    """Kind of the trained parts of a run folder (or of a folder of parts), and where they are.

    Raises:
        ConfigError: no trained parts there.
    """
    for folder in (run / "checkpoint", run):
        for kind, file in PARTS.items():
            if (folder / file).is_file():
                return kind, folder
    raise ConfigError("a run that ended, with a folder `checkpoint`", str(run), "let the run end or mend the path")


def base_of(run: Path) -> str:
    """The preset a run was started with.

    Raises:
        ConfigError: no record of it.
    """
    try:
        return str(json.loads((run / RUN).read_text(encoding="utf-8"))["recipe"]["preset"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"a run folder with {RUN}", str(run), "name the base preset with --base") from error


def export_preset(runs: Sequence[Path], out: Path, base: str | Path | None = None, name: str | None = None) -> Path:
    """Write a preset folder.

    Args:
        runs: run folders, each with parts that it trained.
        out: folder; an earlier preset there is replaced.
        base: preset the other parts come from; that of the first run when None.
        name: of the new preset; the folder's name when None.

    Returns:
        The folder.

    Raises:
        ConfigError: runs without trained parts, or an unknown base.
    """
    if not runs:
        raise ConfigError("at least one run", "none", "name a run folder")
    preset, folder = load_preset(base or base_of(runs[0]))
    sources: dict[str, Path] = {}
    if preset.checkpoint is not None:
        sources["localizer"] = folder / preset.checkpoint
    if preset.language.parts is not None:
        sources["language"] = folder / preset.language.parts
    sources |= dict(parts_of(run) for run in runs)
    fresh = out.with_name(f"{out.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for kind, source in sources.items():
        _copy(source, fresh / kind, kind)
    made = _described(preset, sources, name or _name(out))
    (fresh / "preset.yaml").write_text(yaml.safe_dump(made, sort_keys=False), encoding="utf-8")
    (fresh / "README.md").write_text(_readme(made["name"], preset.name, fresh, sources), encoding="utf-8")
    load_preset(fresh)
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)
    return out


def _copy(source: Path, target: Path, kind: str) -> None:
    """The files of one kind of parts alone, whatever else lies beside them."""
    if not source.is_dir():
        raise ConfigError(f"a folder with trained {kind} parts", str(source), "check the base preset")
    target.mkdir()
    for path in sorted(source.iterdir()):
        if path.suffix in (".safetensors", ".json") and path.name != "preset.yaml":
            shutil.copyfile(path, target / path.name)


def _described(preset: Preset, sources: dict[str, Path], name: str) -> dict[str, object]:
    values = preset.model_dump(mode="json") | {"name": name}
    values["checkpoint"] = "localizer" if "localizer" in sources else None
    language = values["language"]
    language["parts"] = "language" if "language" in sources else None
    if Path(language["name"]).is_dir():
        language["name"] = str(Path(language["name"]).resolve())
    return values


def _name(out: Path) -> str:
    return out.resolve().parent.name if out.name == "preset" else out.name


def _readme(name: str, base: str, folder: Path, sources: dict[str, Path]) -> str:
    lines = [f"# Preset {name}", "", f"Made from the preset `{base}`. Use it with `--preset` and this folder.", ""]
    for kind in sources:
        lines.append(card_text(f"Trained parts: {kind}", read_card(folder / kind)))
    return "\n".join(lines)


def read_card(folder: Path) -> Card:
    """The card of a folder of trained parts; fields it does not know are left out."""
    raw = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    known = {field.name for field in fields(Card)}
    return Card(**{key: value for key, value in raw.items() if key in known})


def main(arguments: list[str] | None = None) -> int:
    """Command line. Exit code 0, or 2 with one line on standard error."""
    parser = argparse.ArgumentParser(prog="training.export", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    preset = kinds.add_parser("preset", help="a preset folder of a base preset and the parts of runs")
    preset.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders; later ones win")
    preset.add_argument("--out", type=Path, required=True, help="folder of the preset")
    preset.add_argument("--base", help="preset the other parts come from (default: that of the first run)")
    preset.add_argument("--name", help="of the new preset (default: the folder's)")
    merge = kinds.add_parser("merge", help="a plain transformers folder of a base model and its LoRA")
    merge.add_argument("parts", type=Path, help="run folder, or folder of language parts")
    merge.add_argument("--preset", help="whose language model (default: that of the run)")
    merge.add_argument("--out", type=Path, required=True, help="folder of the model")
    args = parser.parse_args(arguments)
    try:
        if args.kind == "preset":
            print(f"preset in {export_preset(args.runs, args.out, args.base, args.name)}")
        else:
            from training.language.merge_lora import merge_parts

            print(f"model in {merge_parts(args.parts, args.out, args.preset)}")
    except AssistantError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
