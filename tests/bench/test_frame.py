"""The frame of our pages against that of Django's admin, both around few rows."""

import pytest

from nsadmin.access.models import Organization
from tests.bench.peers.admin import CHANGELIST, admin_visitor
from tests.bench.peers.visitor import visitor
from tests.bench.rounds import compare

pytestmark = pytest.mark.bench
PAGES = 8
# {page: who asks, limit}; all have their few rows in one or two statements.
PATHS = {
    "/organizations/": ("admin", "1.0"),
    "/templates/": ("admin", "1.0"),
    "/platform/namespaces/": ("support", "1.0"),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("many", [0, 2000], ids=["few", "many"])
def test_a_page_with_few_rows(cast, path, many):
    """Some of ours against as many changelists, also with many organizations."""
    Organization.objects.bulk_create(
        Organization(name=f"Tenant {number}") for number in range(many)
    )
    role, limit = PATHS[path]
    client = cast.browser(role)
    ask = visitor(client)

    def times(visit, at):
        for _ in range(PAGES):
            assert visit(at) == 200

    with admin_visitor(client) as ask_admin:
        compare(
            f"{PAGES} of {path}, {many:,} organizations / admin changelists",
            lambda: times(ask, path),
            lambda: times(ask_admin, CHANGELIST),
            limit=limit,
        )
