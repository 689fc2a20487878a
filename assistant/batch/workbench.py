"""The work on pictures in one process: decoded ahead, encoded in batches of one size, judged, put into words, written.

A score does not depend on the batch: on a CPU a batch gives the numbers of its pictures alone; on a GPU, whose products
depend on the shape of a batch, every batch is filled up to one fixed size.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assistant.batch.decoding import DecodeAhead, Decoded, Decoding, Failed, unexpected
from assistant.batch.jobs import Job, Unit
from assistant.batch.pictures import save_pictures
from assistant.errors import AssistantError, ImageError, ProfileError, StorageError, WeightsError
from assistant.report import error_row, inspection_row
from assistant.request import Inspector, Request

if TYPE_CHECKING:
    import torch

    from assistant.encoder import PatchFeatures
    from assistant.pipeline import Assistant, Seen
    from assistant.profile import Profile
    from assistant.types import Inspection

Row = dict[str, Any]
GPU_BATCH = 16
"""Pictures a batch has on a GPU, filled up with copies where there are fewer."""
PROFILES = 8
"""Reference sets of a manifest that are kept."""


class Workbench:
    """A loaded assistant at work on units.

    Args:
        assistant: that inspects.
        job: how.

    Raises:
        AssistantError: references or a profile that cannot be used.
    """

    def __init__(self, assistant: Assistant, job: Job) -> None:
        self.assistant, self.job = assistant, job
        self._on_gpu = assistant.clip.encoder.device.type != "cpu"
        self.batch_size = job.batch_size or (GPU_BATCH if self._on_gpu else 1)
        self._profiles: OrderedDict[Request, Profile | AssistantError | None] = OrderedDict()
        self._profile(job.request)

    def rows(self, units: Iterator[Unit | None]) -> Iterator[tuple[Unit, Row]]:
        """A row for each picture of each unit.

        Args:
            units: None says that there is nothing for now: everything that waits for a full batch is then finished.

        Raises:
            StorageError: a map or overlay that cannot be written.
            WeightsError: a language model that cannot be had.
        """
        encoder, request = self.assistant.clip.encoder, self.job.request
        how = Decoding(request.limits, request.domain, self.assistant.preset.tower.side, encoder.patch)
        decoded = DecodeAhead(how, self.job.decoders, self.batch_size + max(1, self.job.decoders)).read(units)
        if self.job.mutual:
            yield from self._mutual(decoded)
            return
        waiting: dict[tuple[int, ...], list[Decoded]] = {}
        for unit in decoded:
            for one in unit or ():
                if isinstance(one, Failed):
                    yield (one.item,), error_row(one.item.name, one.error)
                    continue
                same = waiting.setdefault(one.resized.shape, [])
                same.append(one)
                if len(same) >= self.batch_size:
                    yield from self._batch(waiting.pop(one.resized.shape))
            if unit is None or sum(map(len, waiting.values())) >= 4 * self.batch_size:
                for batch in waiting.values():
                    yield from self._batch(batch)
                waiting.clear()
        for batch in waiting.values():
            yield from self._batch(batch)

    def _batch(self, batch: Sequence[Decoded]) -> Iterator[tuple[Unit, Row]]:
        """Rows of pictures of one model size."""
        started = time.perf_counter()
        try:
            encoded = self._encode(batch)
        except Exception as error:  # out of memory, most likely: smaller batches may do
            if len(batch) == 1:
                yield (batch[0].item,), error_row(batch[0].item.name, unexpected(error))
                return
            for part in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                yield from self._batch(part)
            return
        spent = (time.perf_counter() - started) * 1000 / len(batch)
        for one, features in zip(batch, encoded, strict=True):
            yield (one.item,), self._row(one, features, spent)

    def _row(self, one: Decoded, features: PatchFeatures, spent: float) -> Row:
        try:
            request = self.job.told(one.item)
            profile = self._profile(request)
            seen = self._seen(one, features, request, spent)
            inspection = self.assistant.judge(
                seen, profile, object_name=request.object_name, look_for=request.look_for, score=request.score,
                types=request.types,
            )  # fmt: skip
            return self._finished(one, inspection)
        except (StorageError, WeightsError):
            raise
        except AssistantError as error:
            return error_row(one.item.name, error)
        except Exception as error:  # one picture never ends the run
            return error_row(one.item.name, unexpected(error))

    def _mutual(self, decoded: Iterator[tuple[Decoded | Failed, ...] | None]) -> Iterator[tuple[Unit, Row]]:
        """Rows of chunks whose pictures judge each other."""
        for unit in decoded:
            if unit is None:
                continue
            whole = tuple(one.item for one in unit)
            good = [one for one in unit if isinstance(one, Decoded)]
            for bad in unit:
                if isinstance(bad, Failed):
                    yield whole, error_row(bad.item.name, bad.error)
            if len(good) == 1:
                lone = ProfileError("two or more pictures in mutual mode", "1", "add pictures or use zero-shot mode")
                yield whole, error_row(good[0].item.name, lone)
            elif good:
                yield from ((whole, row) for row in self._together(good))

    def _together(self, good: Sequence[Decoded]) -> Iterator[Row]:
        request = self.job.request
        options: dict[str, Any] = {"object_name": request.object_name, "look_for": request.look_for}
        seen = []
        for one in good:
            started = time.perf_counter()
            features = self._encode([one])[0]
            seen.append(self._seen(one, features, request, (time.perf_counter() - started) * 1000))
        judged = self.assistant.judge_mutual(seen, score=request.score, types=request.types, **options)
        for one, inspection in zip(good, judged, strict=True):
            yield self._finished(one, inspection)

    def _seen(self, one: Decoded, features: PatchFeatures, request: Request, spent: float) -> Seen:
        timing = {"decode": one.milliseconds, "encode": spent}
        return self.assistant.recognise(one.image, features, request.object_name, request.look_for, timing)

    def _finished(self, one: Decoded, inspection: Inspection) -> Row:
        """Words, pictures and row of an inspection."""
        started = time.perf_counter()
        caption = self.assistant.caption(inspection) if self.job.caption else None
        answers = self.assistant.ask(inspection, self.job.questions)
        timing = {**inspection.timing_ms, "language": (time.perf_counter() - started) * 1000}
        named = replace(inspection, image=replace(inspection.image, source=one.item.name), timing_ms=timing)
        files = save_pictures(named, self.job.maps, self.job.overlays)
        return inspection_row(
            named, caption=caption, answers=answers, map_path=files.map_path, overlay_path=files.overlay_path
        )

    def _encode(self, batch: Sequence[Decoded]) -> list[PatchFeatures]:
        import torch

        encoder = self.assistant.clip.encoder
        pixels = [encoder.normalise(one.resized) for one in batch]
        if not self._on_gpu:
            return self.assistant.encode_batch(torch.stack(pixels))
        filled = pixels + pixels[-1:] * (-len(pixels) % GPU_BATCH)
        out: list[PatchFeatures] = []
        for start in range(0, len(filled), GPU_BATCH):
            out += self.assistant.encode_batch(_stacked(filled[start : start + GPU_BATCH]))
        return out[: len(batch)]

    def _profile(self, request: Request) -> Profile | None:
        """References of a request, encoded once; a reference set that cannot be used says so again each time."""
        key = replace(request, object_name=None) if request.profile is not None else request
        if key not in self._profiles:
            try:
                self._profiles[key] = make_profile(self.assistant, request)
            except AssistantError as error:
                self._profiles[key] = error
            if len(self._profiles) > PROFILES:
                self._profiles.pop(next(k for k in self._profiles if k != self.job.request))
        self._profiles.move_to_end(key)
        found = self._profiles[key]
        if isinstance(found, AssistantError):
            raise found
        return found


def make_profile(assistant: Assistant, request: Request) -> Profile | None:
    """What the references, anomalous references or profile of a request become.

    Raises:
        AssistantError: one that cannot be used.
    """
    inspector = Inspector(assistant, request)
    if inspector.profile is not None:
        inspector.profile.check(assistant.preset.name, assistant.weights)
        return inspector.profile
    if not request.anomalous_references:
        return None
    from assistant.profile import anomalous_bank

    return anomalous_bank(assistant, inspector.anomalous())


def _stacked(pixels: Sequence[torch.Tensor]) -> torch.Tensor:
    import torch

    if not pixels:
        raise ImageError("at least one picture", "none")
    return torch.stack(list(pixels))
