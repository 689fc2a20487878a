"""Routes, guards and counters as one application, and the process that serves it."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from assistant.errors import AssistantError, ConfigError, StorageError, WeightsError
from assistant.report import package_version
from assistant.serving.chat_routes import chat_routes
from assistant.serving.counters import Counters
from assistant.serving.guards import Guards
from assistant.serving.plain_routes import plain_routes
from assistant.serving.seats import Seats, Workers
from assistant.serving.service import Missing, Service
from assistant.serving.settings import ServeSettings
from assistant.speech.hearing import Hearing

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.speech.recogniser import Recogniser

KINDS = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    429: "rate_limit_error",
}  # fmt: skip
"""How OpenAI's API calls errors of a status."""
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": text}
    for status, text in {
        400: "What was sent is wrong.", 401: "No token of this server.", 403: "A page of another site.",
        404: "What is named is not there.", 408: "Too slow.", 413: "Too large.", 421: "Another name of a server.",
        429: "All seats are taken; see Retry-After.", 500: "A fault of the server.", 503: "Parts of the model are missing.",
    }.items()
}  # fmt: skip
log = logging.getLogger(__name__)


def build_app(assistant: Assistant, settings: ServeSettings, recogniser: Recogniser | None = None) -> Any:
    """The application, to be served by any ASGI server.

    Args:
        assistant: loaded.
        settings: of the operator.
        recogniser: that hears; the settings' own, loaded at its first use, when None.

    Raises:
        ConfigError: a file of tokens, or a folder of the model that hears, that cannot be used.
    """
    language = assistant.preset.language
    talkers = language.in_flight if language.kind == "server" else 1
    tokens, seats, workers = settings.tokens(), Seats(settings.seats), Workers(talkers)
    counters = Counters(seats)
    hearing = Hearing(settings.speech, settings.speech_limits, recogniser)
    service = Service(assistant, settings, workers, counters)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        yield
        workers.close()

    app = FastAPI(
        title="anomaly-assistant", version=package_version(), docs_url=None, redoc_url=None, lifespan=living,
        responses=REFUSALS,
    )  # fmt: skip
    app.include_router(chat_routes(service))
    app.include_router(plain_routes(service, seats, counters, lambda *sent: workers.hear(lambda: hearing.hear(*sent))))
    _tell_errors(app)
    return Guards(app, settings, tokens, seats, counters, lambda *told: json.dumps(error_body(*told)).encode())


def error_body(path: str, status: int, text: str) -> dict[str, Any]:
    """An error as the route's clients read it."""
    line = " ".join(text.split())
    if path.startswith("/v1"):
        kind = KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
        return {"error": {"message": line, "type": kind, "param": None, "code": None}}
    return {"error": line}


def misread_text(first: dict[str, Any]) -> str:
    """What pydantic finds wrong first, as errors of this package say it; what was sent is not quoted.

    >>> misread_text({"type": "missing", "loc": ("body", "image"), "msg": "Field required"})
    'expected image, got none; /openapi.json lists what is taken'
    """
    where = ".".join(str(part) for part in first["loc"][1:])[:80] or "a body that fits the route"
    got = "none" if first["type"] == "missing" else f"another kind of value ({first['msg'][:120]})"
    return f"expected {where}, got {got}; /openapi.json lists what is taken"


def _tell_errors(app: FastAPI) -> None:
    def told(request: Request, status: int, text: str) -> JSONResponse:
        return JSONResponse(error_body(request.url.path, status, text), status)

    @app.exception_handler(AssistantError)
    async def wrong(request: Request, error: AssistantError) -> JSONResponse:
        return told(request, 503 if isinstance(error, WeightsError | StorageError) else 400, str(error))

    @app.exception_handler(Missing)
    async def missing(request: Request, error: Missing) -> JSONResponse:
        return told(request, 404, str(error))

    @app.exception_handler(RequestValidationError)
    async def misread(request: Request, error: RequestValidationError) -> JSONResponse:
        return told(request, 400, misread_text(error.errors()[0]))

    @app.exception_handler(HTTPException)
    async def elsewhere(request: Request, error: HTTPException) -> JSONResponse:
        expected = "a body that can be read" if error.status_code == 400 else "a route of /openapi.json"
        body = error_body(request.url.path, error.status_code, f"expected {expected}, got {error.detail}")
        return JSONResponse(body, error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> JSONResponse:
        log.error("a fault while answering %s", request.url.path, exc_info=error)
        return told(request, 500, "expected an answer, got a fault of the server; its log tells more")


def serve(settings: ServeSettings, load: Callable[[], Assistant]) -> None:
    """Load the assistant, listen, and answer until the process is told to stop; what is being answered then ends first.

    Args:
        settings: of the operator.
        load: makes the assistant, once the address is known to be free.

    Raises:
        ConfigError: an address that is taken, or settings that make no sense.
        WeightsError: parts that are missing.
    """
    import uvicorn

    settings.tokens()
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host.strip("[]"), settings.port))
    except OSError as error:
        listening.close()
        got = f"{settings.host}:{settings.port} ({error.strerror})"
        raise ConfigError("an address that is free", got, "stop what listens there, or give another --port") from None
    with listening:
        assistant = load()
        assistant.warm_up()
        app = build_app(assistant, settings)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, proxy_headers=False,
            timeout_graceful_shutdown=round(settings.stop_seconds), timeout_keep_alive=30, limit_concurrency=None,
        )  # fmt: skip
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"listening on http://{shown}:{port}  (Ctrl-C stops)", flush=True)
        uvicorn.Server(config).run(sockets=[listening])
