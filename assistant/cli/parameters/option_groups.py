"""Options that belong together, as one value each: a command takes the value, and its ``--help`` lists the options.

A group is a function whose parameters are options (:mod:`assistant.cli.parameters.options`) and which returns the value.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from assistant.cli.parameters import options
from assistant.config import LanguageConfig
from assistant.errors import ConfigError
from assistant.inquiry import OVERKILL, Detail, Inquiry, read_spacing
from assistant.language.choice import NONE, chosen_language, told_of
from assistant.request import Request
from assistant.rules import load_rule

if TYPE_CHECKING:
    from assistant.batch import Inputs
    from assistant.evaluation.questions_command import QaOptions
    from assistant.pipeline import Assistant

R = TypeVar("R")


def takes(**groups: Callable[..., Any]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command, or a larger group, the options of groups in place of the parameters that bear their names.

    An option that stands in several groups, or in the command itself, is one: the command's comes first, then the groups' in
    the order given.
    """

    def grouped(command: Callable[..., R]) -> Callable[..., R]:
        own = _options_of(command, but=groups)
        asked = {name: _options_of(group) for name, group in groups.items()}

        @functools.wraps(command)
        def with_options(**values: Any) -> R:
            made = {name: group(**{n: values[n] for n in asked[name]}) for name, group in groups.items()}
            return command(**made, **{name: values[name] for name in own})

        shared = {n: p for parameters in reversed(asked.values()) for n, p in parameters.items()}
        ordered = [p for p in own.values() if p.default is p.empty]
        ordered += [p for n, p in shared.items() if n not in own and p.default is p.empty]
        ordered += [p for n, p in shared.items() if n not in own and p.default is not p.empty]
        ordered += [p for p in own.values() if p.default is not p.empty]
        signature = inspect.Signature([p.replace(kind=p.KEYWORD_ONLY) for p in ordered])
        with_options.__signature__ = signature  # type: ignore[attr-defined]  # read by inspect
        with_options.__annotations__ = {name: p.annotation for name, p in signature.parameters.items()}
        return with_options

    return grouped


def _options_of(function: Callable[..., Any], but: Container[str] = ()) -> dict[str, inspect.Parameter]:
    """Parameters with their annotations as values; types that are imported for checkers alone stand on the others."""
    found = {n: p for n, p in inspect.signature(function).parameters.items() if n not in but}
    names: dict[str, Any] = getattr(inspect.unwrap(function), "__globals__", {})
    return {
        n: p.replace(annotation=eval(p.annotation, names)) if isinstance(p.annotation, str) else p
        for n, p in found.items()
    }


def request_of(
    references: options.References = None,
    anomalous_reference: options.AnomalousReferences = None,
    anomalous_mask: options.AnomalousMasks = None,
    profile: options.ProfilePath = None,
    object_name: options.ObjectName = None,
    look_for: options.LookFor = None,
    types: options.Types = None,
    mode: options.ModeName = options.ModeOption.AUTO,
    fixed_camera: options.FixedCamera = False,
    score: options.ScoreName = options.ScoreOption.BLEND,
    overkill: options.Overkill = OVERKILL,
    domain: options.DomainName = None,
    max_megapixels: options.MaxMegapixels = 50.0,
    kind_examples: options.KindExamples = None,
    mm_per_pixel: options.MmPerPixel = None,
    rule: options.RuleOption = None,
    detail: options.DetailName = "auto",
) -> Request:
    """Inspections: what is asked, and what pictures are compared with.

    Raises:
        ConfigError: options that do not go together.
    """
    inquiry = inquiry_of(object_name, look_for, types, fixed_camera, score, overkill, domain)
    return Request(
        references=tuple(references or ()),
        anomalous_references=tuple(anomalous_reference or ()),
        anomalous_masks=tuple(anomalous_mask or ()),
        profile=profile,
        inquiry=replace(
            inquiry,
            mode=mode.value,
            spacing_mm=None if mm_per_pixel is None else read_spacing(mm_per_pixel),
            detail=Detail.read(detail),
        ),
        max_megapixels=max_megapixels,
        kind_examples=kind_examples,
        rule=None if rule is None else load_rule(rule),
    )


@functools.wraps(request_of)
def run_request_of(**values: Any) -> Request:
    """Inspections of a run: its mode ``mutual`` is ``auto`` to each."""
    mode: options.BatchModeOption = values.pop("mode")
    known = options.ModeOption.AUTO if mode is options.BatchModeOption.MUTUAL else options.ModeOption(mode.value)
    return request_of(mode=known, **values)


@dataclass(frozen=True)
class ScanOptions:
    """How whole volumes are taken.

    Args:
        volumes: whether NIfTI volumes and series of DICOM slices are one thing each.
        axes: that they are looked along; None for the one they were taken along.
        score_volume: NIfTI file of the scores of one scan; None writes none.
        segmentation: DICOM file of the regions of one scan; None writes none.
    """

    volumes: bool
    axes: str | None
    score_volume: Path | None
    segmentation: Path | None

    def told(self, request: Request) -> Request:
        """A request that knows of them."""
        return replace(request, volumes=self.volumes, axes=self.axes)


def scans_of(
    volumes: options.Volumes = True,
    axes: options.Axes = None,
    score_volume: options.ScoreVolume = None,
    segmentation: options.Segmentation = None,
) -> ScanOptions:
    """How whole volumes are taken."""
    return ScanOptions(volumes, axes, score_volume, segmentation)


def inquiry_of(
    object_name: options.ObjectName = None,
    look_for: options.LookFor = None,
    types: options.Types = None,
    fixed_camera: options.FixedCamera = False,
    score: options.ScoreName = options.ScoreOption.BLEND,
    overkill: options.Overkill = OVERKILL,
    domain: options.DomainName = None,
) -> Inquiry:
    """What is asked of pictures.

    Raises:
        ConfigError: a value that makes no sense.
    """
    return Inquiry(
        object_name=object_name,
        look_for=tuple(look_for or ()),
        types=tuple(types or ()),
        domain=domain,
        fixed_camera=fixed_camera,
        score=score.value,
        overkill=overkill,
    )


def reference_inquiry_of(
    object_name: options.ObjectName = None,
    look_for: options.LookFor = None,
    fixed_camera: options.FixedCamera = False,
    detail: options.DetailName = "auto",
) -> Inquiry:
    """What counts of an inquiry when references become a profile."""
    return replace(inquiry_of(object_name, look_for, fixed_camera=fixed_camera), detail=Detail.read(detail))


def marked_of(
    anomalous_reference: options.AnomalousReferences = None,
    anomalous_mask: options.AnomalousMasks = None,
    max_megapixels: options.MaxMegapixels = 50.0,
) -> Callable[..., Request]:
    """Requests with pictures of the defect beside whatever else they hold."""
    return functools.partial(
        Request,
        anomalous_references=tuple(anomalous_reference or ()),
        anomalous_masks=tuple(anomalous_mask or ()),
        max_megapixels=max_megapixels,
    )


@dataclass(frozen=True)
class Model:
    """Which preset, and where it runs.

    Args:
        preset: name, file or folder.
        device: torch device; found when None.
        language: that talks instead of the preset's own.
    """

    preset: str
    device: str | None
    language: LanguageConfig | None = None

    def load(self) -> Assistant:
        """The assistant.

        Raises:
            ConfigError, WeightsError: a preset that is unknown or cannot be had.
        """
        from assistant.pipeline import Assistant

        return Assistant.load(self.preset, device=self.device, language=self.language)


def model_of(preset: options.PresetName = "mini", device: options.Device = None) -> Model:
    """Which preset, and where it runs."""
    return Model(preset, device)


def language_of(
    language: options.LanguageName = None,
    no_language: options.NoLanguage = False,
    model_name: options.ModelName = None,
    pictures: options.Pictures = options.PicturesOption.AUTO,
    allow_remote: options.AllowRemote = False,
    in_flight: options.InFlight = 4,
    language_bits: options.Bits = None,
) -> LanguageConfig | None:
    """The language model that talks instead of the preset's own; None for that. What leaves this machine is told.

    Raises:
        ConfigError: options that do not go together.
    """
    given = [model_name, allow_remote, language_bits, pictures is not options.PicturesOption.AUTO]
    if language is None or no_language:
        if language is not None or any(given):
            got = "--no-language" if no_language else "none"
            raise ConfigError("--language with what is said of it", got, "name a language model, or leave it out")
        return chosen_language(NONE) if no_language else None
    bits = {options.BitsOption.FOUR: "nf4", options.BitsOption.EIGHT: "int8"}
    chosen = chosen_language(
        language,
        model=model_name or "",
        pictures=pictures.value,
        in_flight=in_flight,
        remote=allow_remote,
        quantization="none" if language_bits is None else bits[language_bits],
    )
    if (leaves := told_of(chosen, os.environ)) is not None:
        print(f"note: {leaves}", file=sys.stderr)
    return chosen


@takes(model=model_of, language=language_of)
def talking_model_of(model: Model, language: LanguageConfig | None) -> Model:
    """Which preset, where it runs, and who talks about what it finds.

    Raises:
        ConfigError: options that do not go together.
    """
    return replace(model, language=language)


@dataclass(frozen=True)
class Display:
    """Where an inspection goes.

    Args:
        out: folder of rows and pictures; None writes none.
        json: rows on standard output instead of a table.
        caption: whether it is put into words.
    """

    out: Path | None
    json: bool
    caption: bool


def shown_of(out: options.Out = None, json: options.Json = False, caption: options.Caption = True) -> Display:
    """Where an inspection goes."""
    return Display(out, json, caption)


def question_set_of(
    qa: options.QaFile = None,
    templates: options.Templates = options.TemplatesOption.RANDOM,
    evidence: options.EvidenceNames = None,
    no_language: options.NoLanguage = False,
    domain_knowledge: options.DomainKnowledge = None,
    limit: options.Limit = None,
) -> Callable[..., QaOptions] | None:
    """Multiple-choice questions that are measured on, to be told where their pictures lie; None for labelled pictures."""
    if qa is None:
        return None
    from assistant.evaluation.questions_command import QaOptions

    return functools.partial(
        QaOptions,
        qa,
        templates=templates.value,
        evidence=tuple(one.value for one in evidence or ()),
        language=not no_language,
        knowledge=domain_knowledge,
        limit=limit,
    )


@dataclass(frozen=True)
class ReferenceDraws:
    """How references are drawn.

    Args:
        shots: numbers of references, ``all`` or ``mutual``; None leaves them to what is measured.
        seeds: draws.
        own_references: folder of a set that holds a reference for each test picture.
        own_missing: for a test picture without one.
    """

    shots: tuple[str, ...] | None
    seeds: int
    own_references: str | None
    own_missing: str


def drawn_of(
    shots: options.Shots = None,
    seeds: options.Seeds = 3,
    own_references: options.OwnReferences = None,
    own_missing: options.OwnMissingName = options.OwnMissing.REFUSE,
) -> ReferenceDraws:
    """How references are drawn."""
    return ReferenceDraws(tuple(shots) if shots else None, seeds, own_references, own_missing.value)


def inputs_of(
    inputs: options.Inputs = None,
    list_files: options.ListFiles = None,
    manifest: options.Manifest = None,
    slices: options.Slices = None,
    follow_links: options.FollowLinks = False,
    yes_everything: options.Everything = False,
) -> Inputs:
    """Where the pictures of a run come from."""
    from assistant.batch.inputs.listing import Inputs

    return Inputs(
        tuple(inputs or ()),
        tuple(list_files or ()),
        manifest,
        slices is not False,
        follow_links=follow_links,
        everything=yes_everything,
        volumes=slices is None,
    )


@dataclass(frozen=True)
class MutualMode:
    """Whether pictures judge each other, and how many together."""

    chosen: bool
    chunk: int


def mutual_of(mode: options.BatchMode = options.BatchModeOption.AUTO, chunk: options.Chunk = 64) -> MutualMode:
    """Whether pictures judge each other, and how many together."""
    return MutualMode(mode is options.BatchModeOption.MUTUAL, chunk)


@dataclass(frozen=True)
class RowContents:
    """What is written about each picture.

    Args:
        caption: who writes it: ``evidence``, ``model`` or ``none``.
        questions: file of questions that are put; None puts none.
        maps: 16-bit maps beside the rows.
        overlays: pictures with their map beside the rows.
        group: groups of regions that no known kind fits.
    """

    caption: str
    questions: Path | None
    maps: bool
    overlays: bool
    group: bool


def writing_of(
    caption: options.Caption = True,
    caption_by: options.CaptionBy = options.WriterOption.EVIDENCE,
    questions: options.QuestionFile = None,
    save_maps: options.SaveMaps = False,
    save_overlays: options.SaveOverlays = False,
    group: options.GroupRegions = False,
) -> RowContents:
    """What is written about each picture."""
    return RowContents(caption_by.value if caption else "none", questions, save_maps, save_overlays, group)


@dataclass(frozen=True)
class ResultsFolder:
    """The folder of results: its rows, what is made of them, and what becomes of earlier ones."""

    out: Path
    coco: bool
    coco_like: Path | None
    parquet: bool
    csv: bool
    json: bool
    restart: bool
    retry_failed: bool


def results_of(
    out: options.ResultsOut,
    coco: options.Coco = False,
    coco_like: options.CocoLike = None,
    parquet: options.Parquet = False,
    csv: options.Csv = False,
    json: options.Json = False,
    restart: options.Restart = False,
    retry_failed: options.RetryFailed = False,
) -> ResultsFolder:
    """The folder of results."""
    return ResultsFolder(out, coco, coco_like, parquet, csv, json, restart, retry_failed)


@dataclass(frozen=True)
class Workforce:
    """Who does the work: the model, the share of the inputs, the processes and what they take at once."""

    model: Model
    shard: str | None
    engine: str
    batch_size: str
    workers: int | None


@takes(model=talking_model_of)
def working_of(
    model: Model,
    shard: options.ShardName = None,
    engine: options.EngineName = options.EngineOption.LOCAL,
    batch_size: options.BatchSize = "auto",
    workers: options.Workers = None,
) -> Workforce:
    """Who does the work.

    Raises:
        ConfigError: options that do not go together.
    """
    return Workforce(model, shard, engine.value, batch_size, workers)
