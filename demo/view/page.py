"""What is on the page and where. Layout alone: nothing here reacts to anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib.util import find_spec
from typing import Any

import gradio as gr

from assistant.inquiry import LEAST_SMALLEST, MOST_SMALLEST, SMALLEST
from assistant.pictures.scans import AXES
from demo.view import whole_project, words
from demo.view.browser_files import script
from demo.view.inputs import uploaded_file, uploads_only

TITLE = "Anomaly Assistant"
SUGGESTED = 4
MODES = ("auto", "zero-shot", "few-shot")
STORED = "anomaly-assistant-visitor"
"""Under which the browser keeps the secret by which it finds its projects again."""
LAYOUTS = {
    "training set": "",
    "COCO": "coco",
    "LabelMe": "labelme",
    "CVAT": "cvat",
    "YOLO": "yolo",
    "Pascal VOC": "voc",
}
"""Words for a layout of corrected pictures -> its name among the converters; empty for the data set as it is."""
DETAILS = (("as a whole", "overview"), ("auto: tiles that promise something", "auto"), ("everywhere", "full"))
DOMAINS = (("from the file", ""), ("industrial", "industrial"), ("medical", "medical"))


@dataclass(frozen=True)
class Page:
    """The components that handlers read or write, by name."""

    session: gr.State
    visitor: gr.BrowserState
    chip: gr.HTML
    status: gr.HTML
    medical: gr.HTML
    drop: gr.File
    drops: gr.HTML
    samples: gr.Gallery
    bench: gr.HTML
    drop_picture: gr.Button
    ticking: gr.Timer
    looked: gr.State
    seen: gr.Textbox
    behind: gr.State
    references_drop: gr.File
    references: gr.Gallery
    in_use: gr.HTML
    profile_drop: gr.File
    profile_save: gr.Button
    profile_file: gr.DownloadButton
    references_clear: gr.Button
    object_name: gr.Textbox
    look_for: gr.Textbox
    mode: gr.Radio
    domain: gr.Dropdown
    fixed_camera: gr.Checkbox
    scale: gr.Number
    rule: gr.Textbox
    detail: gr.Radio
    smallest: gr.Number
    apply: gr.Button
    card: gr.HTML
    closer: gr.HTML
    threshold: gr.Slider
    scan: gr.Group
    plane: gr.Slider
    axis: gr.Dropdown
    window: gr.Dropdown
    boxes: gr.HTML
    probe: gr.HTML
    region: gr.Dropdown
    about: gr.Button
    reject: gr.Button
    rename: gr.Button
    redraw: gr.Button
    undo: gr.Button
    said: gr.HTML
    typed_box: gr.Textbox
    kind: gr.Textbox
    what: gr.Button
    is_defect: gr.Button
    is_normal: gr.Button
    table: gr.HTML
    chat: gr.Chatbot
    suggested: tuple[gr.Button, ...]
    question: gr.Textbox
    send: gr.Button
    stop: gr.Button
    retry: gr.Button
    over: gr.Button
    speech: gr.Audio
    aloud: gr.Checkbox
    prepare: gr.Button
    files: tuple[gr.DownloadButton, ...]
    layout: gr.Dropdown
    corrections: gr.Button
    corrections_file: gr.DownloadButton
    projects: gr.Accordion
    project: gr.Dropdown
    project_name: gr.Textbox
    project_rename: gr.Button
    project_new: gr.Button
    project_export: gr.Button
    project_file: gr.DownloadButton
    project_delete: gr.Button
    project_sure: gr.Button
    previous: gr.Button
    good: gr.Button
    bad: gr.Button
    next: gr.Button
    everything: gr.Accordion
    overview: gr.HTML
    use_threshold: gr.Button
    write_table: gr.Button
    table_csv: gr.DownloadButton
    table_report: gr.DownloadButton
    folder: gr.Dropdown
    folder_go: gr.Button
    folder_stop: gr.Button
    folder_said: gr.HTML
    folder_ticking: gr.Timer
    camera_take: gr.Button
    camera_running: gr.Checkbox
    live: gr.HTML
    webcam: gr.HTML
    live_ticking: gr.Timer


def build_page(session: gr.State, *, kept: bool = False, folders: Sequence[str] = (), camera: bool = False) -> Page:
    """Lay the page out inside the current Blocks.

    Args:
        session: id of the session.
        kept: whether projects outlive the page.
        folders: of the operator's that may be inspected.
        camera: whether the operator named one.
    """
    made: dict[str, Any] = {"session": session, "visitor": gr.BrowserState("", storage_key=STORED, secret=STORED)}
    made["ticking"] = gr.Timer(2.0, active=False)
    made["looked"] = gr.State(0)
    made["seen"] = gr.Textbox("", visible=False)  # what the page shows, told with what a person does (whole/seen.py)
    made["behind"] = gr.State(0)  # how often something was refused because the page showed what was not in view
    with gr.Row(elem_id="head"):
        with gr.Column(scale=5, min_width=240):
            gr.HTML(
                f"<h1>{TITLE}</h1><p>Is something wrong in this picture, where, what kind, and how bad?</p>{whole_project.KEYS}"
            )
        with gr.Column(scale=1, min_width=160):
            made["chip"] = gr.HTML(words.model_chip("model", False, None, 0.0), elem_id="chip")
    made["medical"] = gr.HTML("", elem_id="medical-line", visible=False)
    made["status"] = gr.HTML("", elem_id="status")
    whole_project.table(made, folders)
    with gr.Row(equal_height=False, elem_id="columns"):
        with gr.Column(scale=3, min_width=290):
            _projects(made, kept)
            whole_project.camera(made, camera)
            _inputs(made)
        with gr.Column(scale=5, min_width=320):
            _result(made)
        with gr.Column(scale=4, min_width=300):
            _talk(made)
            _export(made)
    return Page(**{f.name: made[f.name] for f in fields(Page)})


def _projects(made: dict[str, Any], kept: bool) -> None:
    with gr.Accordion("Projects", open=False, visible=kept, elem_id="projects") as made["projects"]:
        made["project"] = gr.Dropdown([], label="Open", filterable=False, elem_id="project")
        with gr.Row():
            made["project_name"] = gr.Textbox(label="Name", max_length=60, elem_id="project-name", min_width=120)
        with gr.Row(elem_classes="quiet"):
            made["project_rename"] = gr.Button("Rename", size="sm", elem_id="project-rename")
            made["project_new"] = gr.Button("New", size="sm", elem_id="project-new")
            made["project_export"] = gr.Button("Export", size="sm", elem_id="project-export")
            made["project_delete"] = gr.Button("Delete …", size="sm", elem_id="project-delete")
        made["project_file"] = gr.DownloadButton(
            "Download the project", size="sm", visible=False, elem_id="project-file"
        )
        made["project_sure"] = gr.Button(
            "Delete it for good, with all its pictures",
            size="sm",
            variant="stop",
            visible=False,
            elem_id="project-sure",
        )


def _inputs(made: dict[str, Any]) -> None:
    _pictures(made)
    _references(made)
    _details(made)


def _pictures(made: dict[str, Any]) -> None:
    """Where pictures come from, and those on the bench."""
    made["drop"] = uploaded_file(label="Drop pictures here", file_count="multiple", height=120, elem_id="drop")
    made["drops"] = gr.HTML("", js_on_load=script("drops.js"), elem_id="drops")
    whole_project.webcam(made)
    with gr.Accordion("Samples: one click", open=True, elem_id="samples-box"):
        made["samples"] = gr.Gallery(
            label="Samples", show_label=False, columns=4, height="auto", allow_preview=False, interactive=False,
            object_fit="cover", buttons=[], elem_id="samples",
        )  # fmt: skip
    made["bench"] = gr.HTML("", js_on_load=script("turns.js") + script("strip.js"), elem_id="bench", visible=False)
    made["drop_picture"] = gr.Button(
        "Remove the picture in view", size="sm", visible=False, elem_id="drop-picture", elem_classes="quiet"
    )


def _references(made: dict[str, Any]) -> None:
    """How normal looks: pictures of it, or a profile."""
    with gr.Accordion("References: how normal looks", open=False, elem_id="references-box"):
        made["references_drop"] = uploaded_file(
            label="Drop normal pictures", file_count="multiple", height=100, elem_id="references-drop"
        )
        made["references"] = gr.Gallery(
            label="In use", show_label=False, columns=6, height="auto", allow_preview=False, interactive=False,
            visible=False, buttons=[], elem_id="references",
        )  # fmt: skip
        made["in_use"] = gr.HTML("")
        made["profile_drop"] = uploaded_file(label="or a saved profile", height=90, elem_id="profile-drop")
        with gr.Row(elem_classes="quiet"):
            made["profile_save"] = gr.Button("Save as profile", size="sm")
            made["references_clear"] = gr.Button("Remove all", size="sm")
        made["profile_file"] = gr.DownloadButton("Download profile", size="sm", visible=False)


def _details(made: dict[str, Any]) -> None:
    """What a person tells of the pictures and of how they are to be judged."""
    with gr.Accordion("Details", open=False):
        made["object_name"] = gr.Textbox(label="What it shows", placeholder="metal lid", max_length=80)
        made["look_for"] = gr.Textbox(
            label="Look for (separate by commas)", placeholder="missing solder", max_length=400
        )
        made["mode"] = gr.Radio(MODES, value="auto", label="Mode")
        made["domain"] = gr.Dropdown(list(DOMAINS), value="", label="Domain", filterable=False)
        made["fixed_camera"] = gr.Checkbox(label="Fixed camera: compare like places only")
        made["scale"] = gr.Number(
            label="Millimetres a pixel",
            info="Empty: from the file, where it says",
            value=None,
            minimum=0,
            elem_id="scale",
        )
        made["rule"] = gr.Textbox(
            label="Your own rule",
            placeholder="reject any crack over 2 mm, three scratches",
            max_length=400,
            elem_id="rule",
        )
        made["detail"] = gr.Radio(
            list(DETAILS), value="overview", label="How closely pictures are looked at", elem_id="detail",
            info="Small things in large pictures are seen in tiles alone; that takes longer, behind the scenes",
        )  # fmt: skip
        made["smallest"] = gr.Number(
            label="Smallest thing looked for, pixels", value=SMALLEST, minimum=LEAST_SMALLEST, maximum=MOST_SMALLEST,
            elem_id="smallest",
        )  # fmt: skip
        made["apply"] = gr.Button("Apply", size="sm", variant="primary", elem_id="apply")


def _result(made: dict[str, Any]) -> None:
    made["closer"] = gr.HTML("", js_on_load=script("drops.js"), elem_id="closer")
    made["card"] = gr.HTML(words.verdict_card(None), js_on_load=script("card.js"), elem_id="card")
    _scan(made)
    made["boxes"] = gr.HTML(
        None,
        html_template=script("viewer.html"),
        js_on_load="".join(script(name) for name in ("turns.js", "viewer.js", "beside.js", "scan.js", "start.js")),
        elem_id="boxes",
        apply_default_css=False,
    )
    made["probe"] = gr.HTML("", elem_id="probe")
    whole_project.steps(made)
    made["threshold"] = gr.Slider(  # to its very ends, since 0.05 is typed by way of 0
        0, 1, value=0.5, step=0.01, elem_id="threshold",
        label="Threshold: lower finds more, higher finds less", buttons=[],
    )  # fmt: skip
    with gr.Accordion("Correct", open=True, elem_id="correct"):
        _correction(made)
    made["table"] = gr.HTML("", js_on_load=script("turns.js") + script("table.js"), elem_id="table", visible=False)


def _scan(made: dict[str, Any]) -> None:
    with gr.Group(visible=False, elem_id="scan") as made["scan"]:
        made["plane"] = gr.Slider(1, 2, value=1, step=1, label="Slice", elem_id="plane", buttons=[])
        with gr.Row():
            made["axis"] = gr.Dropdown(
                [(way, axis) for axis, way in enumerate(AXES)], value=2, label="Cut through, from", elem_id="axis",
                filterable=False, min_width=120,
            )  # fmt: skip
            made["window"] = gr.Dropdown(
                [("of the file", "")], value="", label="Window", filterable=False, elem_id="window", min_width=120
            )


def _correction(made: dict[str, Any]) -> None:
    with gr.Row():
        made["region"] = gr.Dropdown([], label="Region", filterable=False, elem_id="region", min_width=140)
        made["kind"] = gr.Textbox(
            label="Kind of defect", placeholder="scratch", max_length=60, elem_id="kind", min_width=140
        )
    with gr.Row(elem_classes="quiet"):
        made["about"] = gr.Button("Ask about it", size="sm", elem_id="about")
        made["reject"] = gr.Button("Not a defect", size="sm", elem_id="reject")
        made["rename"] = gr.Button("It is of this kind", size="sm", elem_id="rename")
        made["redraw"] = gr.Button("Replace by what I drew", size="sm", elem_id="redraw")
    made["typed_box"] = gr.Textbox(
        label="Box instead of a drawing: left, top, right, bottom (pixels)",
        placeholder="40, 60, 120, 140",
        elem_id="box",
    )
    with gr.Row(elem_classes="quiet"):
        made["what"] = gr.Button("What is this?", size="sm", elem_id="what")
        made["is_defect"] = gr.Button("This is a defect", size="sm", elem_id="is-defect")
        made["is_normal"] = gr.Button("The picture is normal", size="sm", elem_id="is-normal")
        made["undo"] = gr.Button("Undo", size="sm", elem_id="undo", interactive=False)
    made["said"] = gr.HTML("", js_on_load=script("list.js"), elem_id="said")


def _talk(made: dict[str, Any]) -> None:
    made["chat"] = gr.Chatbot(
        label="Ask about the picture in view", height=420, allow_tags=False, sanitize_html=True, render_markdown=False,
        buttons=[], feedback_options=None, elem_id="talk", layout="bubble",
        placeholder="Questions and answers about the picture in view appear here.",
    )  # fmt: skip
    suggested = []
    for _ in range(SUGGESTED // 2):
        with gr.Row():
            suggested += [
                gr.Button("", size="sm", visible=False, elem_classes="suggest", min_width=120) for _ in range(2)
            ]
    made["suggested"] = tuple(suggested)
    with gr.Row(elem_id="ask-row"):
        made["question"] = gr.Textbox(
            show_label=False, label="Question", placeholder="Ask a question, Enter sends", scale=6, max_lines=4,
            max_length=2000, elem_id="question", container=False,
        )  # fmt: skip
        made["send"] = gr.Button("Ask", variant="primary", scale=1, min_width=70, elem_id="send")
    with gr.Row(elem_classes="quiet"):
        made["stop"] = gr.Button("Stop", size="sm", elem_id="stop", interactive=False)
        made["retry"] = gr.Button("Retry", size="sm", elem_id="retry", interactive=False)
        made["over"] = gr.Button("Start over", size="sm", elem_id="over", interactive=False)
    _voice(made)


def _voice(made: dict[str, Any]) -> None:
    """Said instead of typed, and read aloud; left out where what hears is not installed."""
    with gr.Accordion("By voice", open=False, visible=find_spec("faster_whisper") is not None, elem_id="voice"):
        made["speech"] = uploads_only(
            gr.Audio(
                sources=["microphone", "upload"], type="filepath", format=None, buttons=[], elem_id="speech",
                label="Say a question: its words come into the box above first",
            )
        )  # fmt: skip
        made["aloud"] = gr.Checkbox(label="Read answers aloud, by this browser's own voice", elem_id="aloud")


def _export(made: dict[str, Any]) -> None:
    with gr.Accordion("Export", open=False, elem_id="export"):
        made["prepare"] = gr.Button("Prepare files of the picture in view", size="sm", elem_id="prepare")
        with gr.Row(elem_classes="quiet"):
            made["files"] = tuple(
                gr.DownloadButton(label, size="sm", visible=False, elem_id=f"file-{label.lower().split()[0]}")
                for label in ("JSON", "Mask", "Overlay", "Report")
            )
        with gr.Row(elem_classes="quiet"):
            made["layout"] = gr.Dropdown(
                list(LAYOUTS.items()), value="", label="Corrected pictures as", filterable=False, elem_id="layout",
                min_width=120,
            )  # fmt: skip
            made["corrections"] = gr.Button("Prepare corrections", size="sm", elem_id="corrections")
        made["corrections_file"] = gr.DownloadButton("Download corrections", size="sm", visible=False)
