"""How far the inspection of a folder is, in words and as a bar."""

from __future__ import annotations

from html import escape

from demo.whole.folder_run import Progress

_SAID = {
    "waiting": "waiting for the model", "running": "inspecting", "watching": "all inspected; watching for new files",
    "stopped": "stopped; inspecting it again goes on from here", "done": "all inspected", "failed": "failed",
}  # fmt: skip


def told(progress: Progress | None) -> str:
    """HTML; empty where no folder was inspected."""
    if progress is None:
        return ""
    total = "" if progress.total is None else f" of {progress.total:,}"
    text = f"{progress.done:,}{total} pictures: {_SAID[progress.state]}"
    text += f"; {progress.failed:,} could not be read" if progress.failed else ""
    share = 100 * progress.done / progress.total if progress.total else 0
    bar = (
        f'<div class="folder-bar" role="progressbar" aria-label="Pictures of the folder inspected" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{share:.0f}"><div style="width:{share:.1f}%"></div></div>'
    )
    error = f'<div class="warn" role="alert">{escape(progress.error)}</div>' if progress.error else ""
    return f'<div class="facts">{escape(text)}</div>{bar if progress.total else ""}{error}'
