"""An inquiry with the files it is compared with, checked once and prepared once, then put to one picture after the other.

Knows options and their combinations; does not know where they come from (command line, batch run) or how results look.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import AssistantError, ConfigError, DataSetError
from assistant.inquiry import ANYTHING, Inquiry
from assistant.pictures.images import find_images, load_image
from assistant.pictures.pixels import DEFAULT_LIMITS, ImageLimits
from assistant.pictures.sets import PictureFiles
from assistant.rules import Rule
from assistant.types import Inspection
from assistant.vision.references.kind_examples import KindExamples, named_by_example

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.vision.closer.counting import Progress
    from assistant.vision.references.profile import AnomalousReference, Profile
    from assistant.volumes.files.reading import VolumeSource
    from assistant.volumes.finding import VolumeInspection
    from assistant.volumes.reference_volumes import VolumeReferences


@dataclass(frozen=True)
class Request:
    """Options of inspections: what is asked, and files that pictures are compared with.

    Args:
        inquiry: what is asked of each picture.
        references: paths of normal pictures; a folder stands for the pictures in it.
        anomalous_references: paths of pictures that show the defect; they join references or a profile.
        anomalous_masks: their masks in the same order (0 where normal); one each, or none at all.
        profile: path of a saved profile, instead of references.
        max_megapixels: larger pictures are refused.
        kind_examples: path of examples that regions take their kinds from; None for words alone.
        rule: the user's own of what is rejected; None without one.
        fit: try to learn a head of the product from the references.
        volumes: a NIfTI volume, or the DICOM slices of a series, is one thing, among inputs and references.
        axes: that volumes are looked along, as :func:`assistant.volumes.inspecting.chosen_axes` takes them.

    Raises:
        ConfigError: options that do not go together.
    """

    inquiry: Inquiry = ANYTHING
    references: tuple[str, ...] = ()
    anomalous_references: tuple[str, ...] = ()
    anomalous_masks: tuple[str, ...] = ()
    profile: str | None = None
    max_megapixels: float = DEFAULT_LIMITS.max_pixels / 1e6
    kind_examples: str | None = None
    rule: Rule | None = None
    fit: bool = False
    volumes: bool = False
    axes: str | None = None

    def __post_init__(self) -> None:
        self.inquiry.require_comparable(
            references=bool(self.references),
            profile=self.profile is not None,
            anomalous=bool(self.anomalous_references),
        )
        if self.anomalous_masks and len(self.anomalous_masks) != len(self.anomalous_references):
            got = f"{len(self.anomalous_masks)} for {len(self.anomalous_references)}"
            raise ConfigError(
                "a mask for each anomalous reference, or none", got, "repeat --anomalous-mask in their order"
            )
        if self.rule is not None and self.kind_examples is None:
            own = (*self.inquiry.types, *self.inquiry.look_for)
            self.rule.require_known_kinds(own, vocabulary=not self.inquiry.types)
        if self.max_megapixels <= 0:
            raise ConfigError("a positive number of megapixels", f"{self.max_megapixels:g}", "give --max-megapixels 50")

    def ruled(self, inspection: Inspection) -> Inspection:
        """An inspection with what the rule says of it; as it is without a rule."""
        return inspection if self.rule is None else replace(inspection, rule=self.rule.decide(inspection))

    @property
    def limits(self) -> ImageLimits:
        """What a picture may cost."""
        return replace(DEFAULT_LIMITS, max_pixels=round(self.max_megapixels * 1e6))


class Inspector:
    """An assistant with what pictures are compared with, encoded once: ``profile``, None for nothing; ``examples`` of kinds.

    ``notes`` holds what a person ought to hear about folders of references and about masks, a sentence each.
    ``reference_volumes`` are those among the references; they are encoded when the first volume comes.

    Args:
        assistant: what inspects.
        request: what is asked.
        progress: told of tiles of the references encoded and planned, after each.

    Raises:
        AssistantError: a reference, profile or file of examples that cannot be used.
    """

    def __init__(self, assistant: Assistant, request: Request, progress: Progress | None = None) -> None:
        self.assistant = assistant
        self.request = request
        self.notes: tuple[str, ...] = ()
        self.reference_volumes = self._volumes_among_references()
        self._known_volumes: dict[tuple[int, ...], VolumeReferences] = {}
        pictures = request.references if not self.reference_volumes else ()
        self.profile: Profile | None = assistant.comparison(
            request.inquiry if not self.reference_volumes else ANYTHING,
            self._pictures(find_images(pictures, self._note)) if pictures else (),
            self._anomalous(),
            None if request.profile is None else load_profile(request.profile),
            fit=request.fit,
            progress=progress,
        )
        self.examples: KindExamples | None = assistant.examples(request.kind_examples)

    def inspect(self, source: str) -> Inspection:
        """Decode and inspect one picture.

        Raises:
            AssistantError: whatever is wrong with it.
        """
        if self.reference_volumes:
            raise picture_beside_scans(source)
        started = time.perf_counter()
        levels = None if self.profile is None else self.profile.levels
        image = load_image(source, limits=self.request.limits, domain=self.request.inquiry.domain, levels=levels)
        decoded = (time.perf_counter() - started) * 1000
        inspection = self.assistant.examine(image, self.request.inquiry, self.profile)
        timing = {**inspection.timing_ms, "decode": decoded}
        return self.request.ruled(named_by_example(replace(inspection, timing_ms=timing), self.examples))

    def inspect_volume(self, source: VolumeSource) -> VolumeInspection:
        """Decode and inspect one volume.

        Raises:
            AssistantError: whatever is wrong with it, or options that only pictures take.
        """
        from assistant.volumes.inspecting import chosen_axes, inspect_volume

        self._require_volume_options(source.title)
        started = time.perf_counter()
        volume = source.read(self.request.limits)
        decoded = (time.perf_counter() - started) * 1000
        axes = chosen_axes(volume, self.request.axes)
        detector, inquiry = self.assistant.detector, self.request.inquiry
        found = inspect_volume(detector, volume, inquiry, self._volume_references(axes), axes)
        return replace(found, timing_ms={**found.timing_ms, "read": decoded})

    def inspect_each(
        self, inputs: Iterable[str], tell: Callable[[str], object] = lambda _: None
    ) -> Iterator[tuple[str, Inspection | VolumeInspection | AssistantError]]:
        """Each picture or volume that ``inputs`` name, with what was found or was wrong; a bad one never ends the run.

        ``tell`` is given what walking leaves out, in sentences.
        """
        for source, problem in expand_volumes(inputs, tell) if self.request.volumes else expand(inputs, tell):
            title = source if isinstance(source, str) else source.title
            if problem is not None:
                yield title, problem
                continue
            try:
                yield title, self.inspect(source) if isinstance(source, str) else self.inspect_volume(source)
            except AssistantError as error:
                yield title, error

    def _require_volume_options(self, title: str) -> None:
        """Refuse what would be left out of account: options that nobody has thought through for volumes."""
        request = self.request
        given = {
            "--profile": request.profile, "--rule": request.rule, "--mm-per-pixel": request.inquiry.spacing_mm,
            "--anomalous-reference": request.anomalous_references, "--kind-examples": request.kind_examples,
            "--score": request.inquiry.score != ANYTHING.score, "--detail": request.inquiry.detail.look == "full",
        }  # fmt: skip
        taken = [name for name, value in given.items() if value]
        if request.references and not self.reference_volumes:
            taken.append("pictures as references")
        if taken:
            do = "give reference scans with --references, or inspect its slices one by one (inspect --no-volumes, batch --slices)"
            raise ConfigError(f"no {taken[0]} with a scan", f"{taken[0]} and {title}", do)

    def _volumes_among_references(self) -> tuple[VolumeSource, ...]:
        """Reference volumes, where the references are such.

        Raises:
            ConfigError: volumes and pictures.
        """
        request = self.request
        if not request.volumes or not request.references:
            return ()
        from assistant.volumes.files.reading import find_volumes

        found = find_volumes(request.references, self._note)
        if found.volumes and found.pictures:
            got = f"{len(found.volumes)} scans and {len(found.pictures)} pictures"
            raise ConfigError("references of one kind, scans or pictures", got, f"leave out {found.pictures[0]}")
        return found.volumes

    def _volume_references(self, axes: tuple[int, ...]) -> VolumeReferences | None:
        if not self.reference_volumes:
            return None
        from assistant.volumes.reference_volumes import build_references

        if axes not in self._known_volumes:
            self._known_volumes[axes] = build_references(
                self.assistant.detector, self.reference_volumes, axes, self.request.inquiry, self.request.limits
            )
        return self._known_volumes[axes]

    def _note(self, sentence: str) -> None:
        self.notes += () if sentence in self.notes else (sentence,)

    def _pictures(self, paths: Sequence[str]) -> PictureFiles:
        return PictureFiles(paths, self.request.limits, self.request.inquiry.domain)

    def _anomalous(self) -> tuple[AnomalousReference, ...]:
        """The anomalous references of the request, decoded."""
        request = self.request
        if not request.anomalous_references:
            return ()
        from assistant.labels.masks import frame_of, read_mask
        from assistant.vision.references.profile import AnomalousReference

        images = list(self._pictures(request.anomalous_references))
        if not request.anomalous_masks:
            return tuple(AnomalousReference(image, None) for image in images)
        made = []
        for image, path in zip(images, request.anomalous_masks, strict=True):
            try:
                reading = read_mask(path, frame_of(image.source, image.pixels.shape[:2]))
            except DataSetError as error:
                raise ConfigError(error.expected, error.got, error.do) from None
            if not reading.marked.any():
                raise ConfigError(
                    f"a mask that marks the defect of {image.source}", f"an empty one in {path}", "mark it"
                )
            for note in reading.notes:
                self._note(f"mask {note}")
            made.append(AnomalousReference(image, reading.marked))
        return tuple(made)


def expand(
    inputs: Iterable[str], tell: Callable[[str], object] = lambda _: None
) -> Iterator[tuple[str, AssistantError | None]]:
    """Pictures that ``inputs`` name, each once; an input that names none comes with the reason."""
    seen: set[str] = set()
    for given in inputs:
        try:
            found = find_images([given], tell)
        except AssistantError as error:
            yield given, error
            continue
        for source in found:
            if source not in seen:
                seen.add(source)
                yield source, None


def picture_beside_scans(source: str) -> ConfigError:
    """Says that a picture is not compared with volumes."""
    do = "give pictures as its references, or take volumes slice by slice"
    return ConfigError("a scan beside reference scans", f"the picture {source}", do)


def expand_volumes(
    inputs: Iterable[str], tell: Callable[[str], object] = lambda _: None
) -> Iterator[tuple[str | VolumeSource, AssistantError | None]]:
    """Volumes and pictures that ``inputs`` name, once and in order; files given one by one may be slices of a series."""
    from assistant.volumes.files.reading import find_volumes

    given = list(dict.fromkeys(inputs))
    files = [one for one in given if not Path(one.replace("\0", "")).is_dir()]
    named: dict[str, str | VolumeSource] = {}
    if files:
        for volume in find_volumes(files, tell).volumes:
            named |= dict.fromkeys((volume.source,) if volume.series is None else volume.series.files, volume)
    seen: set[str] = set()
    for one in given:
        try:
            walked = None if one in files else find_volumes(one, tell)
        except AssistantError as error:
            yield one, error
            continue
        sources: list[str | VolumeSource] = (
            [named.get(one, one)] if walked is None else [*walked.volumes, *walked.pictures]
        )
        for source in sources:
            title = source if isinstance(source, str) else source.title
            if title not in seen:
                seen.add(title)
                yield source, None


def load_profile(path: str | Path) -> Profile:
    """A profile saved by ``profile build``."""
    from assistant.vision.references.profile import Profile

    return Profile.load(path)
