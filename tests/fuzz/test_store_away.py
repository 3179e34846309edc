"""Every operation while a store is away: an answer, or 503 that names the store."""

import json

import pytest

from tests.api.conftest import Caller, error_of
from tests.api.endpoints import ENDPOINTS

NOWHERE = {
    "qdrant": ("NSADMIN_QDRANT_URL", "http://127.0.0.1:9"),
    "namespace store": ("NSADMIN_MONGODB_URL", "mongodb://127.0.0.1:9/none"),
    "redis": ("NSADMIN_REDIS_URL", "redis://127.0.0.1:9/0"),
}


@pytest.mark.parametrize(
    "store",
    [
        "qdrant",
        "redis",
        # Each request waits two seconds for it.
        pytest.param("namespace store", marks=pytest.mark.fuzz),
    ],
)
def test_it_is_503_or_an_answer(cast, settings, subtests, store: str) -> None:
    setting, nowhere = NOWHERE[store]
    call, there = Caller(cast), getattr(settings, setting)
    setattr(settings, setting, nowhere)
    for endpoint in ENDPOINTS:
        with subtests.test(str(endpoint)):
            response = call(
                endpoint.method, endpoint.at(cast.own.namespace_id), endpoint.body
            )
            if response.status_code >= 400:
                error = error_of(response)
            if response.status_code < 500:
                continue
            assert response.status_code == 503, response.content
            assert error["details"]["store"] == store
            assert json.loads(response.content)["error"]["code"] == "store_unavailable"
            assert int(response.headers["Retry-After"]) > 0
    setattr(settings, setting, there)
