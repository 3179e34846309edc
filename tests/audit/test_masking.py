"""No secret is written into the audit, wherever it stands in a change."""

import json

import pytest

from nsadmin.audit import record
from nsadmin.audit.masking import MASK, mask
from nsadmin.audit.models import AuditEvent
from nsadmin.audit.record import RecordedActor

CANARY = "canary-7f3e-secret"


@pytest.mark.parametrize(
    "change",
    [
        {"before": {"qdrant_api_key": CANARY}, "after": None},
        {"before": None, "after": {"inner": [{"api_key": CANARY}]}},
        {"field": "qdrant_api_key", "before": CANARY, "after": None},
        {"after": {"qdrant_api_key_sealed": {"text": CANARY}}},
        {"after": {"password": CANARY, "client_secret": CANARY, "token": CANARY}},
        {"after": {"qdrant_url": f"https://me:{CANARY}@cluster.example"}},
    ],
)
@pytest.mark.django_db
def test_a_secret_is_masked(change) -> None:
    record.record(
        action="a",
        summary="s",
        actor=RecordedActor("user", "1", "m"),
        organization_id="org_a",
        changes=[change],
    )
    written = json.dumps(AuditEvent.objects.get().changes, ensure_ascii=False)
    assert CANARY not in written
    assert MASK in written


def test_what_is_no_secret_stays() -> None:
    harmless = {
        "qdrant_api_key_provided": True,
        "max_token_len": 15,
        "tokenizer": "word",
        "api_key": None,
        "field": "metadata.token_count",
        "before": "old",
        "url": "https://cluster.example/a@b",
    }
    assert mask(harmless) == harmless


def test_headers_keys_of_clouds_and_camel_case_are_secret() -> None:
    shown = mask(
        {
            "headers": {"Authorization": "Basic Zm9vOmJhcg==", "X-Api-Key": "k1"},
            "aws_secret_access_key": "s1",
            "accessToken": "t1",
            "curl": "curl -H 'Authorization: Bearer abcdefgh123'",
            "aws_access_key_id": "AKIA",
            "tokens": 12,
            "token_count": "many",
            "text": "the bearer of news",
        }
    )
    assert shown["headers"] == {"Authorization": MASK, "X-Api-Key": MASK}
    assert shown["aws_secret_access_key"] == shown["accessToken"] == MASK
    assert "abcdefgh123" not in shown["curl"]
    assert shown["aws_access_key_id"] == "AKIA"
    assert (shown["tokens"], shown["token_count"]) == (12, "many")
    assert shown["text"] == "the bearer of news"
