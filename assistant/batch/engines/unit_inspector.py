"""The work on pictures in one process: decoded ahead, encoded in batches of one size, scored, put into words, written.

A score does not depend on the batch: on a CPU a batch gives the numbers of its pictures alone; on a GPU, whose products
depend on the shape of a batch, every batch is filled up to one fixed size.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from assistant.batch.engines.decoding import (
    DecodeAhead,
    Decoded,
    DecodedPicture,
    DecodeOptions,
    UnreadablePicture,
    WholeVolume,
    unexpected,
)
from assistant.batch.engines.findings import Finding, failed, inspected, refused
from assistant.batch.engines.jobs import GPU_BATCH, Job, Outcome, Unit
from assistant.batch.engines.volume_inspector import VolumeInspector
from assistant.batch.results.pictures import save_pictures
from assistant.errors import AssistantError, ConfigError, ImageError, ProfileError, StorageError, WeightsError
from assistant.pictures.levels import read_with
from assistant.pictures.sets import shared_levels
from assistant.report import inspection_row
from assistant.request import Inspector, Request, picture_beside_scans
from assistant.vision.closer.closer_look import inspect_closely
from assistant.vision.references.kind_examples import named_by_example

if TYPE_CHECKING:
    import torch

    from assistant.pipeline import Assistant
    from assistant.towers.encoder import PatchFeatures
    from assistant.types import Answer, Inspection, Levels
    from assistant.vision.encoded_query import EncodedQuery
    from assistant.vision.references.profile import Profile

Row = dict[str, Any]
Part = TypeVar("Part")
Done = TypeVar("Done")
PROFILES = 8
"""Reference sets of a manifest that are kept."""
MOST_HELD = 96 * 2**20
"""Bytes of pictures that wait for the language model together; their maps take a third more than that."""
DESCRIBE = "Describe this picture."


class UnitInspector:
    """A loaded assistant at work on units.

    Args:
        assistant: that inspects.
        job: how.

    Raises:
        AssistantError: references, a profile or examples of kinds that cannot be used.
    """

    def __init__(self, assistant: Assistant, job: Job) -> None:
        self.assistant, self.detector, self.job = assistant, assistant.detector, job
        self._on_gpu = assistant.detector.clip.encoder.device.type != "cpu"
        self.batch_size = job.batch_size or (GPU_BATCH if self._on_gpu else 1)
        self.together = job.together
        self._notes: list[str] = []
        self._of_volumes: set[Request] = set()
        self._profiles: OrderedDict[Request, Profile | AssistantError | None] = OrderedDict()
        self._volumes = VolumeInspector(assistant, job)
        self._examples = assistant.examples(job.request.kind_examples)
        first = self._profile(job.request)
        encoder, request = self.detector.clip.encoder, job.request
        self._how = DecodeOptions(
            request.limits, request.inquiry.domain, assistant.preset.tower.side, encoder.patch,
            None if first is None else first.levels,
        )  # fmt: skip
        inquiry, anchors = job.request.inquiry, self.detector.anchors
        anchors.states(inquiry.object_name, inquiry.look_for)
        anchors.kinds(inquiry.domain, inquiry)

    def outcomes(self, units: Iterator[Unit | None]) -> Iterator[Outcome]:
        """What becomes of each picture of each unit.

        Args:
            units: None says that there is nothing for now: everything that waits for a full batch is then finished.

        Raises:
            StorageError: a map or overlay that cannot be written.
            WeightsError: a language model that cannot be had.
            ConfigError: one that cannot be asked as it is told to be.
        """
        ahead = self.batch_size + max(1, self.job.decoders)
        decoded = DecodeAhead(self._how, self.job.decoders, ahead).read(units)
        for outcome in self._worded(self._mutual(decoded) if self.job.mutual else self._inspected(decoded)):
            notes, self._notes = tuple(self._notes), []
            yield replace(outcome, notes=notes)

    def _inspected(self, decoded: Iterator[tuple[Decoded, ...] | None]) -> Iterator[Finding | None]:
        """Inspections and failures as they are found; None where nothing more comes for now."""
        waiting: dict[tuple[int, ...], list[DecodedPicture]] = {}
        for unit in decoded:
            for one in unit or ():
                if isinstance(one, UnreadablePicture):
                    yield refused((one.item,), one, one.error)
                    continue
                if isinstance(one, WholeVolume):
                    yield self._volumes.finding(one)
                    continue
                one = self._read_alike(one)
                same = waiting.setdefault(one.resized.shape, [])
                same.append(one)
                if len(same) >= self.batch_size:
                    yield from self._batch(waiting.pop(one.resized.shape))
            if unit is None or sum(map(len, waiting.values())) >= 4 * self.batch_size:
                for batch in waiting.values():
                    yield from self._batch(batch)
                waiting.clear()
            if unit is None:
                yield None
        for batch in waiting.values():
            yield from self._batch(batch)

    def _read_alike(self, one: DecodedPicture) -> DecodedPicture:
        """The picture by the grey levels of its own references, which a manifest may name."""
        if one.image.deep is None or not one.item.references:
            return one
        try:
            profile = self._profile(self.job.told(one.item))
        except AssistantError:
            return one  # scoring it says so
        return self._read_with(one, None if profile is None else profile.levels)

    def _read_with(self, one: DecodedPicture, levels: Levels | None) -> DecodedPicture:
        image = read_with(one.image, levels)
        return one if image is one.image else replace(one, image=image, resized=self._how.fitted(image))

    def _batch(self, batch: Sequence[DecodedPicture]) -> Iterator[Finding]:
        """Inspections of pictures of one model size."""
        started = time.perf_counter()
        lost: Finding | None = None
        try:
            encoded = self._encode(batch)
        except Exception as error:  # noqa: BLE001  one picture never ends the run
            lost = refused((batch[0].item,), batch[0], unexpected(error))
        if lost is not None:
            yield from in_halves(self._batch, batch) if len(batch) > 1 else [lost]
            return
        spent = (time.perf_counter() - started) * 1000 / len(batch)
        for one, features in zip(batch, encoded, strict=True):
            yield self._scored(one, features, spent)

    def _scored(self, one: DecodedPicture, features: PatchFeatures, spent: float) -> Finding:
        unit = (one.item,)
        try:
            request = self.job.told(one.item)
            profile = self._profile(request)
            if request in self._of_volumes:
                raise picture_beside_scans(one.item.name)
            encoded = self._known(one, features, request, spent)
            found = named_by_example(inspect_closely(self.detector, encoded, profile), self._examples)
            return inspected(unit, one, request.ruled(found))
        except (StorageError, WeightsError):
            raise
        except Exception as error:  # noqa: BLE001  one picture never ends the run
            return refused(unit, one, error)

    def _mutual(self, decoded: Iterator[tuple[Decoded, ...] | None]) -> Iterator[Finding | None]:
        """Inspections of chunks whose pictures judge each other."""
        for unit in decoded:
            if unit is None:
                yield None
                continue
            whole = tuple(one.item for one in unit)
            good = [one for one in unit if isinstance(one, DecodedPicture)]
            for bad in unit:
                if isinstance(bad, UnreadablePicture):
                    yield refused(whole, bad, bad.error)
            if len(good) == 1:
                lone = ProfileError("two or more pictures in mutual mode", "1", "add pictures or use zero-shot mode")
                yield refused(whole, good[0], lone)
            elif good:
                yield from self._compared(whole, good)

    def _compared(self, whole: Unit, good: Sequence[DecodedPicture]) -> Iterator[Finding]:
        """Inspections of a chunk; what goes wrong in it is the row of every picture that has none by then."""
        left, judged, row = list(good), None, None
        while left:
            try:
                judged = judged or self._together(good)
                inspection = next(judged)
            except (StorageError, WeightsError):
                raise
            except Exception as error:  # noqa: BLE001  one picture never ends the run
                row = error
            if row is not None:
                yield from (refused(whole, one, row) for one in left)
                return
            named = named_by_example(inspection, self._examples)
            yield inspected(whole, left.pop(0), self.job.request.ruled(named))

    def _together(self, good: Sequence[DecodedPicture]) -> Iterator[Inspection]:
        request = self.job.request
        encoded = []
        levels = shared_levels([one.image for one in good])
        for one in [self._read_with(one, levels) for one in good]:
            started = time.perf_counter()
            features = self._encode([one])[0]
            encoded.append(self._known(one, features, request, (time.perf_counter() - started) * 1000))
        return self.detector.score_mutual(encoded)

    def _known(self, one: DecodedPicture, features: PatchFeatures, request: Request, spent: float) -> EncodedQuery:
        timing = {"decode": one.milliseconds, "encode": spent}
        return self.detector.from_features(one.image, features, request.inquiry, timing)

    def _worded(self, found: Iterator[Finding | None]) -> Iterator[Outcome]:
        """Rows; pictures wait for each other until there are enough of them for the language model."""
        waiting: list[Finding] = []
        for one in found:
            if one is not None and one.row is not None:
                yield one.outcome(one.row)
                continue
            if one is not None:
                waiting.append(one)
            held = sum(f.inspection.image.pixels.size for f in waiting if f.inspection is not None)
            if one is None or len(waiting) >= self.together or held >= MOST_HELD:
                yield from self._written(waiting)
                waiting = []
        yield from self._written(waiting)

    def _written(self, found: Sequence[Finding]) -> Iterator[Outcome]:
        """Words, pictures and rows of inspections."""
        if not found:
            return
        started = time.perf_counter()
        inspections = [one.inspection for one in found if one.inspection is not None]
        row: Row | None = None
        try:
            captions = self._captions(inspections)
            answers = self.assistant.ask_together(inspections, self.job.questions)
        except (ConfigError, WeightsError):  # of the language model, so of every picture
            raise
        except Exception as error:  # noqa: BLE001  one picture never ends the run
            row = failed(found[0].item, error)
        if row is not None:
            yield from in_halves(self._written, found) if len(found) > 1 else [found[0].outcome(row)]
            return
        spent = (time.perf_counter() - started) * 1000 / len(found)
        for one, caption, said in zip(found, captions, answers, strict=True):
            yield one.outcome(self._row(one, caption, said, spent), embedded=self.job.embeddings)

    def _captions(self, inspections: Sequence[Inspection]) -> list[str | None]:
        if self.job.caption == "evidence":
            return [self.assistant.caption(inspection) for inspection in inspections]
        if self.job.caption == "model":
            return [said.text for (said,) in self.assistant.ask_together(inspections, (DESCRIBE,))]
        return [None] * len(inspections)

    def _row(self, found: Finding, caption: str | None, answers: Sequence[Answer], spent: float) -> Row:
        if found.inspection is None:
            raise AssistantError("an inspection", "none")
        try:
            inspection = found.inspection
            timing = {**inspection.timing_ms, "language": spent}
            image = replace(inspection.image, source=found.item.name)
            named = replace(inspection, image=image, timing_ms=timing)
            files = save_pictures(named, self.job.maps, self.job.overlays)
            return inspection_row(
                named, caption=caption, answers=answers, map_path=files.map_path, overlay_path=files.overlay_path
            )
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001  one picture never ends the run
            return failed(found.item, error)

    def _encode(self, batch: Sequence[DecodedPicture]) -> list[PatchFeatures]:
        import torch

        encoder = self.detector.clip.encoder
        pixels = [encoder.normalise(one.resized) for one in batch]
        if not self._on_gpu:
            return self.detector.patch_features_of(torch.stack(pixels))
        filled = pixels + pixels[-1:] * (-len(pixels) % GPU_BATCH)
        out: list[PatchFeatures] = []
        for start in range(0, len(filled), GPU_BATCH):
            out += self.detector.patch_features_of(_stacked(filled[start : start + GPU_BATCH]))
        return out[: len(batch)]

    def _profile(self, request: Request) -> Profile | None:
        """References of a request, encoded once; a reference set that cannot be used says so again each time."""
        key = request
        if request.profile is not None:
            key = replace(request, inquiry=replace(request.inquiry, object_name=None))
        if key not in self._profiles:
            try:
                inspector = Inspector(self.assistant, request)
                self._of_volumes |= {key} if inspector.reference_volumes else set()
                made = self._profiles[key] = inspector.profile
                self._notes += inspector.notes
                self._notes += () if made is None else (f"reference {fault}" for fault in made.warnings)
            except AssistantError as error:
                self._profiles[key] = error
            if len(self._profiles) > PROFILES:
                self._profiles.pop(next(k for k in self._profiles if k != self.job.request))
        self._profiles.move_to_end(key)
        found = self._profiles[key]
        if isinstance(found, AssistantError):
            raise found
        return found


def in_halves(work: Callable[[Sequence[Part]], Iterator[Done]], many: Sequence[Part]) -> Iterator[Done]:
    """Work that failed on many, most likely for want of memory, on each half; call it when the failed try is let go."""
    middle = len(many) // 2
    for half in (many[:middle], many[middle:]):
        yield from work(half)


def _stacked(pixels: Sequence[torch.Tensor]) -> torch.Tensor:
    import torch

    if not pixels:
        raise ImageError("at least one picture", "none")
    return torch.stack(list(pixels))
