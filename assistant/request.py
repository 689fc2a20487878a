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
    from assistant.vision.references.profile import AnomalousReference, Profile


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

    Raises:
        AssistantError: a reference, profile or file of examples that cannot be used.
    """

    def __init__(self, assistant: Assistant, request: Request) -> None:
        self.assistant = assistant
        self.request = request
        self.notes: tuple[str, ...] = ()
        self.profile: Profile | None = assistant.comparison(
            request.inquiry,
            self._pictures(find_images(request.references, self._note)) if request.references else (),
            self._anomalous(),
            None if request.profile is None else load_profile(request.profile),
            fit=request.fit,
        )
        self.examples: KindExamples | None = assistant.examples(request.kind_examples)

    def inspect(self, source: str) -> Inspection:
        """Decode and inspect one picture.

        Raises:
            AssistantError: whatever is wrong with it.
        """
        started = time.perf_counter()
        levels = None if self.profile is None else self.profile.levels
        image = load_image(source, limits=self.request.limits, domain=self.request.inquiry.domain, levels=levels)
        decoded = (time.perf_counter() - started) * 1000
        inspection = self.assistant.examine(image, self.request.inquiry, self.profile)
        timing = {**inspection.timing_ms, "decode": decoded}
        return self.request.ruled(named_by_example(replace(inspection, timing_ms=timing), self.examples))

    def inspect_each(
        self, inputs: Iterable[str], tell: Callable[[str], object] = lambda _: None
    ) -> Iterator[tuple[str, Inspection | AssistantError]]:
        """Each picture that ``inputs`` name, with its inspection or what was wrong; a bad one never ends the run.

        ``tell`` is given what walking leaves out, in sentences.
        """
        for source, problem in expand(inputs, tell):
            if problem is not None:
                yield source, problem
                continue
            try:
                yield source, self.inspect(source)
            except AssistantError as error:
                yield source, error

    def _note(self, sentence: str) -> None:
        self.notes += (sentence,)

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


def load_profile(path: str | Path) -> Profile:
    """A profile saved by ``profile build``."""
    from assistant.vision.references.profile import Profile

    return Profile.load(path)
