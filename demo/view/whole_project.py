"""Where the table of all pictures, the folder and the steps from picture to picture stand. Layout alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from demo.view import overview
from demo.view.browser_files import script

TITLE = "All pictures: table, scores, report"
KEYS = '<button type="button" id="keys" aria-haspopup="dialog" aria-label="Keys: a list">Keys: ?</button>'
"""Shows the list of keys."""


def table(made: dict[str, Any], folders: Sequence[str]) -> None:
    """The table of all pictures; with a folder where the operator allows one.

    Args:
        made: components by name; grows.
        folders: that may be inspected.
    """
    made["folder_ticking"] = gr.Timer(2.0, active=False)
    with gr.Accordion(TITLE, open=False, elem_id="everything") as made["everything"]:
        _folder(made, folders)
        made["overview"] = gr.HTML(
            None, html_template=script("overview.html").replace("OPTIONS", overview.options()),
            js_on_load=script("turns.js") + script("overview.js"), elem_id="overview", apply_default_css=False,
        )  # fmt: skip
        with gr.Row(elem_classes="quiet"):
            made["use_threshold"] = gr.Button("Use this threshold for all pictures", size="sm", elem_id="use-threshold")
            made["write_table"] = gr.Button("Prepare CSV and report of all pictures", size="sm", elem_id="write-table")
            made["table_csv"] = gr.DownloadButton("Download CSV", size="sm", visible=False, elem_id="table-csv")
            made["table_report"] = gr.DownloadButton(
                "Download report", size="sm", visible=False, elem_id="table-report"
            )


def _folder(made: dict[str, Any], folders: Sequence[str]) -> None:
    choices = [("the whole folder" if name == "." else name, name) for name in folders]
    with gr.Row(visible=bool(folders), elem_id="folder-row"):
        made["folder"] = gr.Dropdown(
            choices, value="." if choices else None, label="Folder of this server", filterable=True, elem_id="folder",
            scale=3, min_width=200,
        )  # fmt: skip
        with gr.Column(scale=2, min_width=200):
            with gr.Row(elem_classes="quiet"):
                made["folder_go"] = gr.Button("Inspect the folder", size="sm", variant="primary", elem_id="folder-go")
                made["folder_stop"] = gr.Button("Stop", size="sm", interactive=False, elem_id="folder-stop")
            made["folder_said"] = gr.HTML("", elem_id="folder-said")


def camera(made: dict[str, Any], there: bool) -> None:
    """The camera of the operator: a trigger, and the verdict on what it sees."""
    made["live_ticking"] = gr.Timer(1.0, active=False)
    with gr.Group(visible=there, elem_id="camera"):
        made["camera_take"] = gr.Button("Take a picture with the camera", variant="primary", elem_id="camera-take")
        made["camera_running"] = gr.Checkbox(label="Running verdict; nothing is kept", elem_id="camera-running")
        made["live"] = gr.HTML("", elem_id="live")


def webcam(made: dict[str, Any]) -> None:
    """The webcam of the browser: a trigger, and the verdict on what it sees."""
    with gr.Accordion("Webcam of this browser", open=False, elem_id="webcam-box"):
        made["webcam"] = gr.HTML(
            None, html_template=script("webcam.html"), js_on_load=script("webcam.js"), elem_id="webcam",
            apply_default_css=False,
        )  # fmt: skip


def steps(made: dict[str, Any]) -> None:
    """From picture to picture, and what the one in view is."""
    with gr.Row(elem_classes="quiet", elem_id="steps"):
        made["previous"] = gr.Button("‹ Previous", size="sm", elem_id="previous", min_width=60)
        made["good"] = gr.Button("Good", size="sm", elem_id="good", min_width=60, interactive=False)
        made["bad"] = gr.Button("Bad", size="sm", elem_id="bad", min_width=60, interactive=False)
        made["next"] = gr.Button("Next ›", size="sm", elem_id="next", min_width=60)
