"""What the server says of itself, held against what it does, by schemathesis."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from assistant.pipeline import Assistant
from assistant.serving.app import build_app
from assistant.serving.settings import ServeSettings

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
ROUTES = [
    ("GET", "/v1/models"), ("GET", "/v1/models/{name}"), ("POST", "/v1/chat/completions"), ("GET", "/health"),
    ("GET", "/metrics"), ("POST", "/inspect"), ("POST", "/ask"), ("POST", "/transcribe"), ("GET", "/profiles"),
    ("POST", "/profiles"), ("DELETE", "/profiles/{name}"),
]  # fmt: skip


@pytest.fixture(scope="module")
def told(tiny: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Any:
    app = build_app(tiny, ServeSettings(hosts=("testserver",), profiles=tmp_path_factory.mktemp("profiles")))
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nothing_that_is_sent_breaks_a_promise(told: Any, method: str, path: str) -> None:
    sent = 0

    @settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=told[path][method].as_strategy())
    def hold(case: Any) -> None:
        nonlocal sent
        sent += 1
        case.call_and_validate(checks=CHECKS)

    hold()
    assert sent


def test_every_route_is_told(told: Any) -> None:
    found = {(method.upper(), path) for path, methods in told.raw_schema["paths"].items() for method in methods}
    assert found == set(ROUTES)
