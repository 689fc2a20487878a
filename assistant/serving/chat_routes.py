"""``/v1``: chat completions and the list of models, as OpenAI's clients speak them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, Response, StreamingResponse

from assistant.language.structured import structured_report
from assistant.serving.messages import Completion, CompletionRequest, Growing, told_of
from assistant.serving.service import Missing, Service, Turns
from assistant.types import Answer, Inspection

OWN_NAME = "anomaly-assistant"
"""Of the model, beside the preset's."""


def chat_routes(service: Service) -> APIRouter:
    """The routes of ``/v1``."""
    router = APIRouter(prefix="/v1", tags=["chat"])
    names = (OWN_NAME, service.assistant.preset.name)

    def _known(name: str) -> str:
        if name not in names:
            raise Missing(f"a model of {', '.join(names)}", name[:60], "GET /v1/models lists them")
        return name

    @router.get("/models")
    async def models() -> dict[str, Any]:
        """Names that ``model`` may have."""
        return {"object": "list", "data": [_told(name) for name in names]}

    @router.get("/models/{name}")
    async def model(name: Annotated[str, Path(max_length=100)]) -> dict[str, Any]:
        """One of them."""
        return _told(_known(name))

    @router.post("/chat/completions", response_model=None)
    async def completions(request: CompletionRequest) -> Response:
        """The last question about a picture, answered and checked."""
        _known(request.model)
        as_json, turns = request.as_json, request.turns(service.settings.limits)
        completion = Completion(request.model)
        if request.stream and not as_json:
            return await _streamed(service, turns, completion)
        found, answer = await _answered(service, turns)
        text = structured_report(found).to_json() if as_json else answer.text
        if not request.stream:
            return JSONResponse(completion.whole(text, told_of(found, answer)))

        async def at_once() -> AsyncIterator[str]:
            yield _event(completion.piece(text))
            yield _event(completion.piece(last=True, told=told_of(found, answer)))
            yield "data: [DONE]\n\n"

        return _stream(at_once())

    return router


def _told(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": OWN_NAME}


async def _answered(service: Service, turns: Turns) -> tuple[Inspection, Answer]:
    *_, last = [state async for state in service.converse(turns)]
    return last


async def _streamed(service: Service, turns: Turns, completion: Completion) -> Response:
    """Begins when the first words are there, so that what is wrong with the request still has a status of its own."""
    answers = service.converse(turns)
    first = await anext(answers)

    async def written() -> AsyncIterator[str]:
        growing, last = Growing(), first
        async with aclosing(answers):
            yield _event(completion.piece(growing.new(first[1])))
            async for last in answers:
                if added := growing.new(last[1]):
                    yield _event(completion.piece(added))
        yield _event(completion.piece(last=True, told=told_of(*last)))
        yield "data: [DONE]\n\n"

    return _stream(written())


def _stream(pieces: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(pieces, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _event(piece: dict[str, Any]) -> str:
    return f"data: {json.dumps(piece, ensure_ascii=False)}\n\n"
