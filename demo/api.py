"""Two endpoints for programs: ``/inspect`` a file, ``/ask`` about it. Plain JSON in and out.

    from gradio_client import Client, handle_file

    client = Client("http://127.0.0.1:7860")
    found = client.predict(handle_file("part.png"), [], "metal lid", "", 0.5, api_name="/inspect")
    answer = client.predict(found["session"], "Where is it?", api_name="/ask")

What goes wrong comes back as ``{"error": "expected …, got …"}``. A session ends an hour after its last use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from demo.bench.details import Details
from demo.bench.workbench import Workbench
from demo.export import exports
from demo.incoming import uploads
from demo.reactions.base import said
from demo.view.inputs import uploaded_file

Row = dict[str, Any]


class Api:
    """The endpoints' work, without gradio's part.

    Args:
        bench: operations.
        uploads_folder: where files that were sent lie.
    """

    def __init__(self, bench: Workbench, uploads_folder: Path) -> None:
        self.bench, self.root = bench, uploads_folder

    def inspect(
        self, image: str | None, references: list[str] | None, object_name: str, look_for: str, threshold: float
    ) -> Row:
        """The row ``anomaly-assistant/inspection@1`` of a picture, and the session to ask in.

        Args:
            image: uploaded picture.
            references: uploaded normal pictures, or none.
            object_name: plain words, or nothing.
            look_for: phrases separated by commas, or nothing.
            threshold: 0.5 unless it is to be stricter or more lenient.
        """
        session = self.bench.store.new(brief=True)
        try:
            self.bench.require_room(session, len(references or ()))
            limits = self.bench.settings.limits
            picture = uploads.read_picture(image, self.root, limits)
            session.setup.references = [uploads.read_picture(p, self.root, limits) for p in references or ()]
            self.bench.tell(session, Details(object_name, look_for))
            made = self.bench.add(session, picture, file=uploads.inside(image, self.root))
            self.bench.set_threshold(session, float(0.5 if threshold is None else threshold))
            assert made.view is not None, "an added picture is judged"
            return {**exports.row(made, made.view), "session": session.id}
        except Exception as error:  # noqa: BLE001  told in the answer instead
            self.bench.store.free(session.id)
            return {"error": said(error)}

    def ask(self, session: str, question: str) -> Row:
        """The answer to a question about a picture inspected before; questions of a session are one conversation.

        Args:
            session: as ``/inspect`` gave it.
            question: in plain words.
        """
        try:
            for _ in self.bench.ask(known := self.bench.store.get(session), str(question)):
                pass
            picture = self.bench.in_view(known)
            return exports.answer_row(picture.answers[-1]) | {"session": known.id, "error": None}
        except Exception as error:  # noqa: BLE001  told in the answer instead
            return {"error": said(error)}


def add_endpoints(api: Api, vision: dict[str, Any], language: dict[str, Any]) -> None:
    """Offer the endpoints in the current Blocks.

    Args:
        api: their work.
        vision: options of events that need the encoder.
        language: options of events that answer.
    """
    with gr.Row(visible=False):
        image = uploaded_file(label="image")
        references = uploaded_file(label="references", file_count="multiple")
        object_name = gr.Textbox(label="object_name")
        look_for = gr.Textbox(label="look_for")
        threshold = gr.Number(label="threshold", value=0.5)
        session = gr.Textbox(label="session")
        question = gr.Textbox(label="question")
        out = gr.JSON()
        gr.Button().click(
            api.inspect, [image, references, object_name, look_for, threshold], out, api_name="inspect", **vision
        )
        gr.Button().click(api.ask, [session, question], out, api_name="ask", **language)
