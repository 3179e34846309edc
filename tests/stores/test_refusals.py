"""Our sentence for an answer of Qdrant that is not a success; its own words stay."""

import pytest

from nsadmin.errors import Unavailable, UpstreamError
from nsadmin.stores.qdrant.cluster import refusal

TOO_LARGE = (
    '{"status":{"error":"Payload error: JSON payload (33554500 bytes) is larger than '
    'allowed (limit: 33554432 bytes)."},"time":0.0}'
)


@pytest.mark.parametrize(
    ("status", "text", "sentence"),
    [
        (400, TOO_LARGE, "Qdrant refused a batch: over 32 MiB."),
        (413, "", "Qdrant refused a batch: larger than it accepts."),
        (401, "no", "Qdrant refused the key."),
        (403, "no", "Qdrant refused the key."),
        (400, "Wrong input", "Qdrant refused the call."),
    ],
)
def test_a_refusal_is_a_short_sentence(status: int, text: str, sentence: str) -> None:
    error = refusal(status, text)
    assert isinstance(error, UpstreamError)
    assert error.message == sentence
    assert error.details["upstream"] == text[:500]


def test_a_full_disk_is_named_and_waited_for() -> None:
    error = refusal(500, "Service internal error: No space left on device")
    assert isinstance(error, Unavailable)
    assert error.message == "Qdrant has no disk space left."
    assert "it may be starting" in refusal(503, "busy").message
