"""The whole seed: what it tells has exactly the shapes of `demo.json`."""

from datetime import UTC, datetime

import pytest

from nsadmin.embedded.seed import seed
from nsadmin.embedded.seed.catalogue import BY_SLUG
from nsadmin.embedded.seed.write import marks
from nsadmin.embedded.seed.write.namespaces import write_namespaces

from .conftest import OwnServers


@pytest.mark.django_db
def test_the_result_has_the_shapes_of_the_demo(own_servers: OwnServers) -> None:
    """One namespace stands for all: what was written before is not written again."""
    only = [BY_SLUG["currency-exhibit-draft"]]
    write_namespaces(lambda _: None, now=datetime.now(UTC), specs=only)
    marks.history_written(datetime.now(UTC))

    sentences: list[str] = []
    result = seed(sentences.append)

    assert sentences == ["people and organizations"]
    for login in result.logins:
        assert set(login) == {"email", "password", "role", "organization_id"}
    for key in result.api_keys:
        assert set(key) == {"key", "role", "organization_id"}
        assert key["key"].startswith("sk_")
    assert result.namespaces == [
        {
            "namespace_id": only[0].namespace_id,
            "namespace_name": "currency-exhibit-draft",
            "organization_id": only[0].organization.organization_id,
            "scope": "org",
        }
    ]
    assert seed(sentences.append) == result
