"""Spans: a run under the trace of its request, where the application configures OpenTelemetry; else nothing is loaded."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@contextmanager
def span(carrier: Mapping[str, str], name: str, attributes: Mapping[str, str]) -> Iterator[None]:
    """Run the block in a span below the one that the carrier names; what the block calls continues the trace.

    Args:
        carrier: trace headers, from `forward`.
        name: of the span.
        attributes: of the span; an exception leaves its type and not its message, which may hold a secret.
    """
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None or isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        yield  # not configured, so nothing of it is loaded either
        return
    from opentelemetry import propagate  # noqa: PLC0415 - the application's
    from opentelemetry.trace import StatusCode  # noqa: PLC0415

    tracer = trace.get_tracer("seatrial")
    with tracer.start_as_current_span(
        name,
        context=propagate.extract(carrier),
        attributes=dict(attributes),
        record_exception=False,
        set_status_on_exception=False,
    ) as here:
        try:
            yield
        except BaseException as error:
            here.set_attribute("error.type", getattr(error, "type", None) or type(error).__name__)
            here.set_status(StatusCode.ERROR)
            raise
