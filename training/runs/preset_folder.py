"""A preset folder made of a base preset and the trained parts of runs; ``--preset FOLDER`` uses it everywhere."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import yaml

from assistant.config import Preset, load_preset
from assistant.errors import ConfigError
from training.runs.cards import card_text
from training.runs.trained_parts import base_of, parts_of, read_card


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
    title = name or _name(out)
    made = _described(preset, sources, title)
    (fresh / "preset.yaml").write_text(yaml.safe_dump(made, sort_keys=False), encoding="utf-8")
    (fresh / "README.md").write_text(_readme(title, preset.name, fresh, sources), encoding="utf-8")
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
