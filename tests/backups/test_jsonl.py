"""Rows that are dumped as `jsonl` come back as they were, to the last character."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.core import serializers

from nsadmin.audit import chain
from nsadmin.audit.models import AuditEvent

ODD = " two\r\nlines\x01,\u2028 and blanks around “them” \n"
AT = datetime(2026, 11, 30, 9, 30, 0, 123_456, tzinfo=UTC)


def event(**values: object) -> AuditEvent:
    """An event of the audit with these values."""
    return AuditEvent(pk=1, op_id="op_1", organization_id="org_1", at=AT, **values)


@pytest.mark.parametrize(
    "dumped",
    [
        event(),
        event(closed_at=AT, summary=ODD, error=ODD),
        event(changes=[{"field": ODD, "before": None, "after": [0.1, {"": ODD}]}]),
    ],
    ids=["time", "text", "values"],
)
def test_an_event_has_the_same_digest(dumped: AuditEvent) -> None:
    lines = serializers.serialize("jsonl", [dumped])
    [loaded] = serializers.deserialize("jsonl", BytesIO(lines.encode()))
    assert isinstance(loaded.object, AuditEvent)
    assert chain.digest(loaded.object) == chain.digest(dumped)
