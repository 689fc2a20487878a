"""What a build makes: a YAML file read into a frozen, checked value."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.errors import ConfigError
from assistant.files.text import decoded
from assistant.files.yaml_text import parse_yaml
from assistant.types import Domain
from data_builders.types import Kind


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceChoice(_Model):
    """Which sources take part and how often.

    Args:
        include: names of source families; None for all.
        exclude: names left out.
        kinds: weight of each kind of picture; a kind that is not named has weight 0.
        weights: weight of a family within its kind; 1 where not named.
    """

    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    kinds: dict[Kind, float] = Field(default_factory=lambda: {Kind.SURFACE: 0.4, Kind.OBJECT: 0.4, Kind.PHANTOM: 0.2})
    weights: dict[str, float] = Field(default_factory=dict)


class DefectChoice(_Model):
    """Which defect families take part and how often.

    Args:
        include: names of defect families; None for all.
        exclude: names left out.
        weights: weight of a family among those that apply; 1 where not named.
        counts: chance of 1, 2, 3, 4 … defects in an anomalous picture, relative.
    """

    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    weights: dict[str, float] = Field(default_factory=dict)
    counts: tuple[float, ...] = (0.6, 0.22, 0.12, 0.06)


class HeldOut(_Model):
    """Families that only the split "validation" may show; the other families then appear only in "train"."""

    sources: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()


class FolderSource(_Model):
    """A folder of normal pictures used as a source.

    Args:
        path: flat folder of pictures, or one in the MVTec layout (``train/good``).
        name: family name; "folder" and the folder's name when empty.
        object_name: plain words for what the pictures show; the folder's name when empty.
        kind: surface or object.
        domain: industrial or medical.
        masks: folder with a mask of the object for each picture (same stem); everywhere when None.
        together: the pictures show one product; if not, each is a product of its own, seen in crops.
        excluded: YAML file that names pictures to leave out, a list of file names for each reason; none when None.
    """

    path: Path
    name: str = ""
    object_name: str = ""
    kind: Literal[Kind.SURFACE, Kind.OBJECT] = Kind.OBJECT
    domain: Domain = Domain.INDUSTRIAL
    masks: Path | None = None
    together: bool = True
    excluded: Path | None = None


class BuildConfig(_Model):
    """A data set to build.

    Args:
        count: samples.
        only: numbers of the samples that are built, in this order, each as it would be among all; all of them when empty.
        queries_per_product: samples in a row that show one product and share its reference pictures; above 1 a product
            is wholly in one split, and in a mixed one the queries are other designs too.
        seed: with the index of a sample, decides every random choice in it.
        size: side in pixels, or (least, most): a picture has about side * side pixels whatever its shape.
        defect_probability: share of anomalous samples, [0, 1].
        faint_probability: share of defects that are faded, to anything between as drawn and barely visible, [0, 1].
        references: normal pictures beside each sample, or (least, most).
        mixed_reference_probability: share of samples whose references are other designs of the same family, seen by
            other cameras, as in a collection of unlike normals, [0, 1].
        template_probability: share of samples with a single reference that shows the same specimen without its defects
            through a fixed camera, as an aligned template does, [0, 1].
        benign_probability: share of pictures with harmless marks, [0, 1].
        uneven_light_probability: share of products whose pictures are each lit unevenly in a way of their own, [0, 1].
        capture_strength: scale of the camera effects, 0 for none, 1 for the usual mix.
        domains: domains that take part.
        sources: source families.
        defects: defect families.
        folders: folders of normal pictures used as further sources.
        validation_only: families held out of training.
        validation_share: share of the samples in the split "validation", [0, 1); the rest is "train".
        format: a file a picture beside ``metadata.jsonl``, or parquet shards; the samples are the same.
        image_format: of pictures; masks are always PNG.
        jpeg_quality: of pictures, 1..100.
        evaluation_hashes: list of SHA-256 hashes of pictures that must not be built.
    """

    count: int = Field(1000, ge=1)
    only: tuple[int, ...] = ()
    queries_per_product: int = Field(1, ge=1)
    seed: int = Field(0, ge=0)
    size: int | tuple[int, int] = 256
    defect_probability: float = Field(0.5, ge=0, le=1)
    faint_probability: float = Field(0.0, ge=0, le=1)
    references: int | tuple[int, int] = 4
    mixed_reference_probability: float = Field(0.0, ge=0, le=1)
    template_probability: float = Field(0.0, ge=0, le=1)
    benign_probability: float = Field(0.6, ge=0, le=1)
    uneven_light_probability: float = Field(0.0, ge=0, le=1)
    capture_strength: float = Field(1.0, ge=0, le=2)
    domains: tuple[Domain, ...] = (Domain.INDUSTRIAL, Domain.MEDICAL)
    sources: SourceChoice = SourceChoice()
    defects: DefectChoice = DefectChoice()
    folders: tuple[FolderSource, ...] = ()
    validation_only: HeldOut = HeldOut()
    validation_share: float = Field(0.1, ge=0, lt=1)
    format: Literal["files", "shards"] = "files"
    image_format: Literal["jpeg", "png"] = "jpeg"
    jpeg_quality: int = Field(95, ge=1, le=100)
    evaluation_hashes: Path | None = None

    @model_validator(mode="after")
    def _ranges(self) -> BuildConfig:
        least, most = self.size_range
        if not 32 <= least <= most <= 4096:
            raise ValueError(f"size must be 32..4096 pixels, least first, got {self.size}")
        low, high = self.reference_range
        if not 0 <= low <= high <= 64:
            raise ValueError(f"references must be 0..64, least first, got {self.references}")
        if any(one < 0 for one in self.only) or len(set(self.only)) != len(self.only):
            raise ValueError(f"only must hold numbers from 0, each once, got {self.only}")
        if not self.domains:
            raise ValueError("domains must name at least one domain")
        weights = [*self.sources.kinds.values(), *self.sources.weights.values(), *self.defects.weights.values()]
        if any(w < 0 for w in (*weights, *self.defects.counts)) or sum(self.defects.counts) <= 0:
            raise ValueError("weights and counts must not be negative, and some count must be positive")
        if (self.validation_only.sources or self.validation_only.defects) and self.validation_share == 0:
            raise ValueError("validation_only needs a positive validation_share")
        if self.queries_per_product > 1 and self.template_probability > 0:
            raise ValueError("a template shows one specimen: template_probability needs queries_per_product of 1")
        return self

    @property
    def numbers(self) -> tuple[int, ...] | range:
        """Of the samples that are built, in their order."""
        return self.only or range(self.count)

    @property
    def size_range(self) -> tuple[int, int]:
        """(least, most) side in pixels."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    @property
    def reference_range(self) -> tuple[int, int]:
        """(least, most) references a sample."""
        return (self.references, self.references) if isinstance(self.references, int) else self.references

    def split_of(self, index: int) -> str:
        """Split of a sample; it does not depend on ``count``."""
        share, index = self.validation_share, index // self.queries_per_product
        return "validation" if int((index + 1) * share + 1e-9) > int(index * share + 1e-9) else "train"


def parse_config(values: object, source: str) -> BuildConfig:
    """Check plain values (as read from YAML).

    Raises:
        ConfigError: an unknown key or a value out of range; the message names the key.
    """
    if not isinstance(values, dict):
        raise ConfigError("a mapping of options", f"{type(values).__name__} in {source}", "write `key: value` lines")
    try:
        return BuildConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the options together"
        if first["type"] == "extra_forbidden":
            known = ", ".join(BuildConfig.model_fields)
            raise ConfigError(f"a known option in {source}", repr(where), f"the options are {known}") from error
        got = "" if not first["loc"] else f" {first['input']!r}"
        raise ConfigError(f"a sensible {where} in {source}", f"{got} ({first['msg']})", "correct the file") from error


def load_config(path: Path) -> BuildConfig:
    """Read a YAML file; relative paths in it start at the file's folder.

    Raises:
        ConfigError: missing file, invalid YAML, unknown keys, values out of range.
    """
    try:
        values = parse_yaml(decoded(path.read_bytes(), str(path)))
    except OSError as error:
        raise ConfigError("a configuration file", f"{path} ({error.strerror})", "give --config FILE") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError("valid YAML", f"{path}: {error}", "correct the file") from error
    config = parse_config({} if values is None else values, path.name)
    base = path.resolve().parent
    folders = tuple(_based(folder, base) for folder in config.folders)
    hashes = None if config.evaluation_hashes is None else base / config.evaluation_hashes
    return config.model_copy(update={"folders": folders, "evaluation_hashes": hashes})


def _based(folder: FolderSource, base: Path) -> FolderSource:
    """The folder source with its relative paths starting at ``base``."""
    paths = {name: getattr(folder, name) for name in ("path", "masks", "excluded")}
    return folder.model_copy(update={name: base / path for name, path in paths.items() if path is not None})


def override(config: BuildConfig, changes: dict[str, object]) -> BuildConfig:
    """The configuration with some options replaced, checked again.

    Raises:
        ConfigError: a value out of range.
    """
    return parse_config(config.model_dump() | changes, "the options given") if changes else config
