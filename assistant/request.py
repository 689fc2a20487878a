"""What is asked of an inspection, checked once and prepared once, then put to one picture after the other.

Knows options and their combinations; does not know where they come from (command line, batch run) or how results look.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import AssistantError, ConfigError
from assistant.pictures.images import find_images, load_image
from assistant.pictures.pixels import DEFAULT_LIMITS, ImageLimits
from assistant.types import Domain, Inspection, QueryImage

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.vision.references.profile import AnomalousReference, Profile


@dataclass(frozen=True)
class Request:
    """Options of an inspection.

    Args:
        references: paths of normal pictures; a folder stands for the pictures in it.
        anomalous_references: paths of pictures that show the defect.
        anomalous_masks: their masks in the same order (255 where anomalous); one each, or none at all.
        profile: path of a saved profile, instead of references.
        object_name: plain words for what the pictures show.
        look_for: phrases of what to look for.
        types: names to choose the type of a region from; the built-in vocabulary when empty.
        mode: ``auto``, ``zero-shot`` or ``few-shot``.
        fixed_camera: references are aligned with the pictures.
        score: ``blend``, ``top1``, ``max`` or ``p99``.
        domain: what the pictures show; from the file format when None.
        max_megapixels: larger pictures are refused.

    Raises:
        ConfigError: options that do not go together.
    """

    references: tuple[str, ...] = ()
    anomalous_references: tuple[str, ...] = ()
    anomalous_masks: tuple[str, ...] = ()
    profile: str | None = None
    object_name: str | None = None
    look_for: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    mode: str = "auto"
    fixed_camera: bool = False
    score: str = "blend"
    domain: Domain | None = None
    max_megapixels: float = DEFAULT_LIMITS.max_pixels / 1e6

    def __post_init__(self) -> None:
        if self.profile is not None and (self.references or self.anomalous_references):
            do = "give --profile alone; references are part of it (profile build)"
            raise ConfigError("references or a profile", "both", do)
        if self.anomalous_masks and len(self.anomalous_masks) != len(self.anomalous_references):
            got = f"{len(self.anomalous_masks)} for {len(self.anomalous_references)}"
            raise ConfigError(
                "a mask for each anomalous reference, or none", got, "repeat --anomalous-mask in their order"
            )
        given = self.profile is not None or bool(self.references)
        if self.mode == "few-shot" and not given:
            raise ConfigError("references or a profile in few-shot mode", "none", "give --references or --profile")
        if self.mode == "zero-shot" and (given or self.anomalous_references):
            raise ConfigError("no references in zero-shot mode", "some", "leave --mode or the references out")
        if self.fixed_camera and not self.references:
            raise ConfigError(
                "references with --fixed-camera", "none", "give --references; a profile knows its own camera"
            )
        if self.max_megapixels <= 0:
            raise ConfigError("a positive number of megapixels", f"{self.max_megapixels:g}", "give --max-megapixels 50")

    @property
    def limits(self) -> ImageLimits:
        """What a picture may cost."""
        return replace(DEFAULT_LIMITS, max_pixels=round(self.max_megapixels * 1e6))


class Inspector:
    """An assistant with the references of a request, encoded once; ``profile`` is what they became, if any.

    Raises:
        AssistantError: a reference or profile that cannot be used.
    """

    def __init__(self, assistant: Assistant, request: Request) -> None:
        self.assistant = assistant
        self.request = request
        self.profile: Profile | None = None
        self._options: dict[str, Any] = {
            "object_name": request.object_name,
            "look_for": request.look_for,
            "mode": request.mode,
            "score": request.score,
            "domain": request.domain,
            "types": request.types,
        }
        anomalous = self.anomalous()
        if request.references:
            self.profile = assistant.build_profile(
                self._pictures(find_images(request.references)),
                object_name=request.object_name,
                look_for=request.look_for,
                fixed_camera=request.fixed_camera,
                anomalous_references=anomalous,
            )
        elif request.profile is not None:
            self.profile = load_profile(request.profile)
        elif anomalous:
            self._options["anomalous_references"] = anomalous
        self._options["profile"] = self.profile

    def inspect(self, source: str) -> Inspection:
        """Decode and inspect one picture.

        Raises:
            AssistantError: whatever is wrong with it.
        """
        started = time.perf_counter()
        image = load_image(source, limits=self.request.limits, domain=self.request.domain)
        decoded = (time.perf_counter() - started) * 1000
        inspection = self.assistant.inspect(image, **self._options)
        timing = {**inspection.timing_ms, "decode": decoded}
        return replace(inspection, timing_ms=timing)

    def inspect_each(self, inputs: Iterable[str]) -> Iterator[tuple[str, Inspection | AssistantError]]:
        """Each picture that ``inputs`` name, with its inspection or what was wrong; a bad one never ends the run."""
        for source, problem in expand(inputs):
            if problem is not None:
                yield source, problem
                continue
            try:
                yield source, self.inspect(source)
            except AssistantError as error:
                yield source, error

    def _pictures(self, paths: Sequence[str]) -> list[QueryImage]:
        return [load_image(path, limits=self.request.limits, domain=self.request.domain) for path in paths]

    def anomalous(self) -> tuple[AnomalousReference, ...]:
        """The anomalous references of the request, decoded."""
        request = self.request
        if not request.anomalous_references:
            return ()
        from assistant.vision.references.profile import AnomalousReference

        images = self._pictures(request.anomalous_references)
        masks = self._pictures(request.anomalous_masks)
        for image, mask in zip(images, masks, strict=False):
            if image.pixels.shape != mask.pixels.shape:
                got = f"{mask.width}x{mask.height} in {mask.source}"
                do = "give the mask in the size of its picture"
                raise ConfigError(f"a mask of {image.width}x{image.height} for {image.source}", got, do)
        found = [mask.pixels.max(2) >= 128 for mask in masks] or [None] * len(images)
        return tuple(AnomalousReference(image, mask) for image, mask in zip(images, found, strict=True))


def expand(inputs: Iterable[str]) -> Iterator[tuple[str, AssistantError | None]]:
    """Pictures that ``inputs`` name, each once; an input that names none comes with the reason."""
    seen: set[str] = set()
    for given in inputs:
        try:
            found = find_images([given])
        except AssistantError as error:
            yield given, error
            continue
        for source in found:
            if source not in seen:
                seen.add(source)
                yield source, None


def load_profile(path: str | Path) -> Profile:
    """A profile saved by ``profile build``."""
    from assistant.vision.references.profile import Profile

    return Profile.load(path)
