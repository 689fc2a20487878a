"""What is counted, in Prometheus' form."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from assistant.serving.seats import Seats
from assistant.types import Verdict

ROUTES = (
    "/v1/chat/completions",
    "/v1/models",
    "/inspect",
    "/ask",
    "/profiles",
    "/transcribe",
    "/health",
    "/metrics",
    "/openapi.json",
)
"""Paths that have a line of their own; others are one, so that strangers cannot make lines."""


class Counters:
    """Numbers of one server.

    Args:
        seats: whose requests are counted.
    """

    def __init__(self, seats: Seats) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "anomaly_assistant_requests", "Requests that were answered.", ("route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "anomaly_assistant_request_seconds", "From the first byte to the last.", ("route",), registry=self._registry,
            buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100),
        )  # fmt: skip
        self._verdicts = Counter(
            "anomaly_assistant_inspections", "Pictures that were inspected.", ("verdict",), registry=self._registry
        )
        self._answers = Counter("anomaly_assistant_answers", "Questions that were answered.", registry=self._registry)
        inside = Gauge("anomaly_assistant_requests_inside", "Waiting or worked on.", registry=self._registry)
        inside.set_function(lambda: float(seats.taken))

    def request(self, path: str, status: int, seconds: float) -> None:
        """A request has been answered."""
        route = next((one for one in ROUTES if path == one or path.startswith(one + "/")), "other")
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def inspected(self, verdict: Verdict) -> None:
        """A picture has been inspected."""
        self._verdicts.labels(verdict.value).inc()

    def answered(self) -> None:
        """A question has been answered."""
        self._answers.inc()

    def text(self) -> bytes:
        """All of it, in the text format 0.0.4."""
        return generate_latest(self._registry)
