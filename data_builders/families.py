"""Which sources and defects a build draws from, split by split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from assistant.errors import ConfigError
from data_builders.config import BuildConfig, DefectChoice, FolderSource, SourceChoice
from data_builders.files import read_excluded_names, read_hash_list
from data_builders.sources import all_sources
from data_builders.sources.folder import FolderFamily
from data_builders.types import DefectFamily, Kind, SourceFamily


@dataclass(frozen=True)
class Families:
    """Source families and defect families known to a build; picklable when its members are."""

    sources: tuple[SourceFamily, ...]
    defects: tuple[DefectFamily, ...]


def families_of_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """Names of the defect families that draw some kinds.

    Args:
        kinds: of :data:`assistant.vocabulary.defect_types.ALL_TYPES`, or names of families.

    Raises:
        ConfigError: a kind that no family draws.
    """
    defects: Sequence[DefectFamily] = import_module("data_builders.defects").ALL_DEFECTS
    drawn = {family.name: str(getattr(family, "type", family.name)) for family in defects}
    if unknown := sorted(set(kinds) - {*drawn, *drawn.values()}):
        raise ConfigError(
            f"kinds among {', '.join(sorted({*drawn.values()}))}", ", ".join(unknown), "choose the nearest"
        )
    return tuple(name for name, kind in drawn.items() if name in kinds or kind in kinds)


def load_families(config: BuildConfig) -> Families:
    """Every family of this package, and the folders of the configuration."""
    defects: Sequence[DefectFamily] = import_module("data_builders.defects").ALL_DEFECTS
    hashes = frozenset[str]() if config.evaluation_hashes is None else read_hash_list(config.evaluation_hashes)
    folders = tuple(_folder_family(folder) for folder in config.folders)
    for family in folders:
        family.check_not_in(hashes)
    return Families((*all_sources(), *folders), tuple(defects))


def _folder_family(folder: FolderSource) -> FolderFamily:
    plain = folder.path.name.replace("_", " ")
    return FolderFamily(
        name=folder.name or f"folder {plain}", folder=folder.path, object_name=folder.object_name or plain,
        kind=folder.kind, domain=folder.domain, masks=folder.masks, together=folder.together,
        excluded=frozenset() if folder.excluded is None else read_excluded_names(folder.excluded),
    )  # fmt: skip


@dataclass(frozen=True)
class Pool:
    """What one split draws from.

    Args:
        sources: source families.
        source_chances: chance of each, sums to 1.
        defects: defect families.
        defect_weights: relative weight of each, where it applies.
    """

    sources: tuple[SourceFamily, ...]
    source_chances: tuple[float, ...]
    defects: tuple[DefectFamily, ...]
    defect_weights: tuple[float, ...]


def pools(config: BuildConfig, families: Families) -> dict[str, Pool]:
    """Pool of each split that has samples.

    Raises:
        ConfigError: an unknown family name, or a split left without sources or fitting defects.
    """
    _check_names(config, families)
    sources = [s for s in families.sources if s.domain in config.domains and _taken(s.name, config.sources)]
    defects = [d for d in families.defects if d.domains & set(config.domains) and _taken(d.name, config.defects)]
    if config.folders and Kind.OBJECT not in config.sources.kinds and Kind.SURFACE not in config.sources.kinds:
        raise ConfigError(
            "a weight for the kind of a folder source", str(dict(config.sources.kinds)), "add it to sources.kinds"
        )
    held = config.validation_only
    found = {"train": _pool("train", config, [s for s in sources if s.name not in held.sources],
                            [d for d in defects if d.name not in held.defects])}  # fmt: skip
    if config.validation_share > 0:
        kept_sources = [s for s in sources if s.name in held.sources] if held.sources else sources
        kept_defects = [d for d in defects if d.name in held.defects] if held.defects else defects
        found["validation"] = _pool("validation", config, kept_sources, kept_defects)
    return found


def _taken(name: str, choice: SourceChoice | DefectChoice) -> bool:
    return (choice.include is None or name in choice.include) and name not in choice.exclude


def _check_names(config: BuildConfig, families: Families) -> None:
    s, d, held = config.sources, config.defects, config.validation_only
    source_names = {f.name for f in families.sources}
    defect_names = {f.name for f in families.defects}
    for option, names, known in (
        ("sources", (*(s.include or ()), *s.exclude, *s.weights), source_names),
        ("defects", (*(d.include or ()), *d.exclude, *d.weights), defect_names),
        ("validation_only.sources", held.sources, source_names),
        ("validation_only.defects", held.defects, defect_names),
    ):
        for name in names:
            if name not in known:
                raise ConfigError(
                    f"names of families under {option}", repr(name), f"choose from {', '.join(sorted(known))}"
                )
    for what, all_names in (
        ("source", [f.name for f in families.sources]),
        ("defect", [f.name for f in families.defects]),
    ):
        twice = sorted({n for n in all_names if all_names.count(n) > 1})
        if twice:
            raise ConfigError(f"one {what} family a name", f"{twice[0]!r} twice", "give the folder source another name")


def _pool(split: str, config: BuildConfig, sources: list[SourceFamily], defects: list[DefectFamily]) -> Pool:
    share = np.array([config.sources.weights.get(s.name, 1.0) for s in sources], np.float64)
    kinds = [s.kind for s in sources]
    for kind in set(kinds):
        here = np.array([k is kind for k in kinds])
        total = share[here].sum()
        share[here] *= config.sources.kinds.get(kind, 0.0) / total if total > 0 else 0.0
    if not share.size or share.sum() <= 0:
        raise ConfigError(
            f"sources for the split {split!r}",
            "none with a positive weight",
            "widen sources, domains or validation_only",
        )
    weights = tuple(config.defects.weights.get(d.name, 1.0) for d in defects)
    if config.defect_probability > 0:
        for domain in {s.domain for s, w in zip(sources, share, strict=True) if w > 0}:
            if not any(domain in d.domains and w > 0 for d, w in zip(defects, weights, strict=True)):
                raise ConfigError(
                    f"a defect family for {domain} sources in the split {split!r}", "none",
                    "widen defects or validation_only, or narrow domains",
                )  # fmt: skip
    return Pool(tuple(sources), tuple(float(c) for c in share / share.sum()), tuple(defects), weights)
