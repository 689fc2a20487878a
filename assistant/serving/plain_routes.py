"""``/inspect``, ``/ask``, ``/transcribe``, ``/profiles``, ``/health`` and ``/metrics``: plain JSON out, forms or JSON in."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import cv2
from fastapi import APIRouter, Depends, File, Form, Path, Request, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from assistant.errors import ConfigError
from assistant.inquiry import OVERKILL
from assistant.pictures.images import map_values
from assistant.report import inspection_row, package_version, step_rows
from assistant.serving.counters import Counters
from assistant.serving.pictures import Asked, Sent, display_name
from assistant.serving.seats import Seats
from assistant.serving.service import LONGEST_QUESTION, Service
from assistant.speech.transcript import Transcript
from assistant.types import Answer, Inspection

Phrases = Annotated[list[str], Form(max_length=64)]


LISTS = frozenset({"references", "look_for", "types"})
"""Fields of a form that may be there more than once."""


async def only_known(request: Request) -> None:
    """Refuse fields that would have no effect: of another name, or there more than once.

    Raises:
        ConfigError: such a field.
    """
    known = {field.alias for field in request.scope["route"].dependant.body_params}
    do = "/openapi.json lists what is taken"
    if request.query_params:
        raise ConfigError("fields in the form", "some behind ? in the address", do)
    names = [name for name, _ in (await request.form()).multi_items()]
    if wrong := next((name for name in names if name not in known), None):
        raise ConfigError(f"fields of {', '.join(sorted(known))}", repr(wrong[:40]), do)
    if twice := next((name for name in names if name not in LISTS and names.count(name) > 1), None):
        raise ConfigError(f"one {twice}", f"{names.count(twice)}", "send each in a request of its own")


class Question(BaseModel):
    """The body of ``POST /ask``."""

    session: Annotated[str, Field(max_length=100)]
    question: Annotated[str, Field(max_length=LONGEST_QUESTION)]


def plain_routes(
    service: Service, seats: Seats, counters: Counters, hear: Callable[[bytes, str], Awaitable[Transcript]]
) -> APIRouter:
    """The routes for programs that speak no chat.

    Args:
        service: a loaded assistant.
        seats: whose requests are told of.
        counters: shown.
        hear: what is said in the bytes of a recording of a name.
    """
    router = APIRouter(tags=["plain"])
    _add_state(router, service, seats, counters)
    _add_conversations(router, service)
    _add_speech(router, hear)
    _add_profiles(router, service)
    return router


def _add_state(router: APIRouter, service: Service, seats: Seats, counters: Counters) -> None:
    """The routes of how the server fares."""

    @router.get("/health")
    async def health() -> dict[str, Any]:
        """The server is up and the model is loaded."""
        return {
            "status": "ok", "preset": service.assistant.preset.name, "weights": service.assistant.weights,
            "version": package_version(), "inside": seats.taken, "seats": seats.count, "sessions": len(service.talks),
        }  # fmt: skip

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Numbers in Prometheus' form."""
        return Response(counters.text(), media_type=CONTENT_TYPE_LATEST)


def _add_conversations(router: APIRouter, service: Service) -> None:
    """The routes of an inspection and of questions about it."""

    @router.post("/inspect", dependencies=[Depends(only_known)])
    async def inspect(
        image: Annotated[UploadFile, File(description="A picture of any kind that is read.")],
        references: Annotated[list[UploadFile] | None, File(description="Normal pictures of the same kind.")] = None,
        object_name: Annotated[str | None, Form()] = None,
        look_for: Phrases = [],  # noqa: B006  read by FastAPI
        types: Phrases = [],  # noqa: B006
        domain: Annotated[str | None, Form()] = None,
        mode: Annotated[str, Form()] = "auto",
        profile: Annotated[str | None, Form()] = None,
        fixed_camera: Annotated[bool, Form()] = False,
        score: Annotated[str, Form()] = "blend",
        overkill: Annotated[float, Form()] = OVERKILL,
        mm_per_pixel: Annotated[str | None, Form()] = None,
        detail: Annotated[str, Form()] = "auto",
        selector: Annotated[str, Form(max_length=200, description="Of a plane of the picture: axis=2,slice=40")] = "",
        reference_selector: Annotated[str, Form(max_length=200, description="Of a plane of each reference.")] = "",
        map: Annotated[bool, Form(description="Whether the map comes along, a 16-bit PNG.")] = False,
        overlay: Annotated[bool, Form(description="Whether picture, heat and boxes come along, a PNG.")] = False,
        reasoning: Annotated[bool, Form(description="Whether the verdict is reasoned out, step by step.")] = False,
    ) -> dict[str, Any]:
        """The row ``anomaly-assistant/inspection@1`` of a picture, and the session to ask in."""
        asked = Asked(
            object_name=object_name, look_for=tuple(look_for), types=tuple(types), domain=domain or None, mode=mode,
            profile=profile or None, fixed_camera=fixed_camera, score=score, overkill=overkill,
            mm_per_pixel=mm_per_pixel, detail=detail, references=await _sent_all(references, reference_selector),
        )  # fmt: skip

        def told(found: Inspection) -> dict[str, Any]:
            caption = service.assistant.caption(found)
            return {"inspection": inspection_row(found, caption=caption), **_drawn(found, map=map, overlay=overlay)}

        session, answer = await service.inspect(await _sent(image, "picture", selector), asked, told)
        if reasoning:
            answer["inspection"]["reasoning"] = step_rows(await service.reason(session))
        return {"session": session, **answer}

    @router.post("/ask")
    async def ask(asked: Question) -> dict[str, Any]:
        """The answer to a question about a picture inspected before; questions of a session are one conversation."""
        return {"session": asked.session, **_answer(await service.ask(asked.session, asked.question))}


def _add_speech(router: APIRouter, hear: Callable[[bytes, str], Awaitable[Transcript]]) -> None:
    """The route of recordings."""

    @router.post("/transcribe")
    async def transcribe(
        audio: Annotated[UploadFile, File(description="Speech as WAV, FLAC, Ogg, MP3, M4A or WebM, up to 60 s.")],
    ) -> dict[str, Any]:
        """What is said in a recording, and how sure each word is: to be shown and put right before it is asked."""
        sent = await _sent(audio, "recording")
        return (await hear(sent.content, sent.name)).row()


def _add_profiles(router: APIRouter, service: Service) -> None:
    """The routes of saved profiles."""

    @router.get("/profiles")
    async def profiles() -> dict[str, Any]:
        """The saved profiles that may be named."""
        return {"profiles": await service.profiles()}

    @router.post("/profiles", status_code=201, dependencies=[Depends(only_known)])
    async def build(
        name: Annotated[str, Form(max_length=100)],
        references: Annotated[list[UploadFile], File(description="Normal pictures.")],
        reference_selector: Annotated[str, Form(max_length=200, description="Of a plane of each reference.")] = "",
        object_name: Annotated[str | None, Form()] = None,
        look_for: Phrases = [],  # noqa: B006
        fixed_camera: Annotated[bool, Form()] = False,
    ) -> dict[str, Any]:
        """Make a profile of normal pictures and save it."""
        asked = Asked(
            object_name=object_name, look_for=tuple(look_for), fixed_camera=fixed_camera,
            references=await _sent_all(references, reference_selector),
        )  # fmt: skip
        return await service.build(name, asked)

    @router.delete("/profiles/{name}", response_model=None)
    async def delete(name: Annotated[str, Path(max_length=100)]) -> Response:
        """Remove a saved profile."""
        service.delete(name)
        return JSONResponse({"deleted": name})


async def _sent(file: UploadFile, otherwise: str, selector: str = "") -> Sent:
    return Sent(display_name(file.filename, otherwise), await file.read(), selector)


async def _sent_all(files: list[UploadFile] | None, selector: str = "") -> tuple[Sent, ...]:
    return tuple([await _sent(file, f"reference {number}", selector) for number, file in enumerate(files or (), 1)])


def _answer(answer: Answer) -> dict[str, Any]:
    stated = None if answer.stated_verdict is None else answer.stated_verdict.value
    words_of = None if answer.words_of is None else answer.words_of.value
    return {
        "question": answer.question, "answer": answer.text, "stated_verdict": stated,
        "contradictory": answer.contradictory, "words_of": words_of,
    }  # fmt: skip


def _drawn(found: Inspection, *, map: bool, overlay: bool) -> dict[str, str | None]:
    return {"map": _map_url(found) if map else None, "overlay": _overlay_url(found) if overlay else None}


def _map_url(found: Inspection) -> str:
    return _png_url(map_values(found.anomaly_map, found.image.source))


def _overlay_url(found: Inspection) -> str:
    from assistant.pictures.overlay import overlay

    drawn = overlay(found.image, found.anomaly_map, found.regions, least_side=1)
    return _png_url(cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))


def _png_url(pixels: Any) -> str:
    _, png = cv2.imencode(".png", pixels)
    return "data:image/png;base64," + base64.b64encode(png.tobytes()).decode()
