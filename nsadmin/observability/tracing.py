"""Traces for a collector of OpenTelemetry, without what may be a secret.

A span is sent with its name, its times and the attributes in `_KEPT`: without addresses
and their queries, statements, headers, bodies, and messages of errors.
"""

from collections.abc import Sequence
from typing import Final

from django.conf import settings
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.trace import Status

_INSTRUMENTORS: Final = (
    DjangoInstrumentor,
    CeleryInstrumentor,
    PymongoInstrumentor,
    HTTPXClientInstrumentor,
    RedisInstrumentor,
)
# Attributes with few known values, by the older and the newer conventions of names.
_KEPT: Final = {
    *("http.method", "http.request.method", "http.route", "http.scheme"),
    *("http.status_code", "http.response.status_code", "error.type"),
    *("db.system", "db.system.name", "db.name", "db.namespace", "db.operation"),
    *("db.operation.name", "db.mongodb.collection", "db.collection.name"),
    *("celery.action", "celery.state", "celery.task_name"),
    *("messaging.destination", "messaging.destination.name", "messaging.operation"),
}


class _Bare(SpanExporter):
    """Hands spans on with their harmless parts alone."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export copies of the spans."""
        return self._inner.export([_bare(span) for span in spans])

    def shutdown(self) -> None:
        """Close the connection."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits."""
        return self._inner.force_flush(timeout_millis)


def _bare(span: ReadableSpan) -> ReadableSpan:
    attributes = span.attributes or {}
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={k: v for k, v in attributes.items() if k in _KEPT},
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def start() -> None:
    """Trace this process: requests, tasks, and calls of MongoDB, Redis and HTTP."""
    resource = Resource.create({"service.name": "nsadmin"})
    provider = TracerProvider(resource=resource)
    endpoint = settings.NSADMIN_OTEL_ENDPOINT.rstrip("/")
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(_Bare(exporter)))
    for instrumentor in _INSTRUMENTORS:
        instrumentor().instrument(tracer_provider=provider)
