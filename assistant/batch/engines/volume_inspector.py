"""Whole volumes in a run: each inspected where it is read, its row made at once."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from assistant.batch.engines.decoding import WholeVolume
from assistant.batch.engines.findings import Finding, failed
from assistant.batch.engines.jobs import Job
from assistant.batch.results.pictures import save_pictures
from assistant.errors import StorageError
from assistant.report import Files, of_scan, picture_name, volume_inspection_row
from assistant.request import Inspector, Request
from assistant.volumes.files.reading import VolumeSource
from assistant.words.volume_caption import volume_caption

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.volumes.finding import VolumeInspection

KEPT = 2
"""Sets of reference volumes that are kept."""
UNASKED = "was asked nothing: the questions of a run are put to single pictures alone"


class VolumeInspector:
    """A loaded assistant at work on volumes.

    Args:
        assistant: that inspects.
        job: how.
    """

    def __init__(self, assistant: Assistant, job: Job) -> None:
        self._assistant, self._job = assistant, job
        self._inspectors: OrderedDict[Request, Inspector] = OrderedDict()

    def finding(self, one: WholeVolume) -> Finding:
        """The row of a volume, or of what went wrong with it.

        Raises:
            StorageError: a picture or score volume that cannot be written.
        """
        item = one.item
        try:
            found = self._inspector(self._job.told(item)).inspect_volume(VolumeSource(item.source))
            row = self._row(found)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001  one volume never ends the run
            row = failed(item, error)
        return Finding((item,), item, one.file, row={**row, "source": item.name})

    def _inspector(self, request: Request) -> Inspector:
        """References of a request, encoded once."""
        if request not in self._inspectors:
            self._inspectors[request] = Inspector(self._assistant, request)
            if len(self._inspectors) > KEPT:
                self._inspectors.popitem(last=False)
        self._inspectors.move_to_end(request)
        return self._inspectors[request]

    def _row(self, found: VolumeInspection) -> dict[str, object]:
        job = self._job
        drawn = save_pictures(of_scan(found), job.maps, job.overlays)
        score_path = None
        if job.maps is not None:
            from assistant.volumes.written.score_file import save_scores

            score_path = f"scores/{picture_name(found.volume.title, 16)}.nii.gz"
            save_scores(job.maps / score_path, found)
        caption = None if job.caption == "none" else volume_caption(found)
        files = Files(drawn.map_path, drawn.overlay_path)
        row = volume_inspection_row(found, caption=caption, files=files, score_path=score_path)
        return {**row, "warnings": [*row["warnings"], UNASKED]} if job.questions else row
