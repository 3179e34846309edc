"""Pages and API build no database queries: they ask the rooms below."""

import ast
from collections.abc import Iterator

from tests.conventions.source import Module, modules, sample

# Calls that only a manager or a queryset has.
BUILDING = {
    "filter",
    "exclude",
    "annotate",
    "alias",
    "select_related",
    "prefetch_related",
    "order_by",
    "values_list",
    "get_or_create",
    "update_or_create",
    "bulk_create",
    "bulk_update",
}
# The answers that the API keeps to repeat them: its own table, which no other room has.
OWN_TABLE = {"nsadmin/api/http/idempotency.py", "nsadmin/api/models.py"}


def queries(module: Module) -> Iterator[str]:
    """Yield what the module has of queries: imports, managers, building calls."""
    for name in module.imports:
        if f"{name}.".startswith("django.db.models."):
            yield f"import {name}"
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute):
            continue
        if node.attr == "objects" and _is_class(node.value):
            yield ast.unparse(node)
    for call in module.calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr in BUILDING:
            yield ast.unparse(call.func)


def _is_class(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else ""
    name = node.id if isinstance(node, ast.Name) else name
    return name[:1].isupper()


def doors() -> list[Module]:
    rooms = ("nsadmin/pages/", "nsadmin/api/")
    return [module for module in modules() if module.path.startswith(rooms)]


def test_pages_and_api_build_no_queries() -> None:
    found = {module.path: sorted(set(queries(module))) for module in doors()}
    assert len(found) > 80
    assert {p: uses for p, uses in found.items() if uses and p not in OWN_TABLE} == {}


GOOD = """
from django.db import InterfaceError
from nsadmin.access.models import User
from nsadmin.audit import search

@register.filter
def page(user: User):
    return list(search.of_organization(user.pk)[:25]), counts.objects, filter(None, [])
"""
BAD = """
from django.db.models import Q
rows = User.objects.all()
rows = models.User.objects.all()
rows = queries.visible(actor).filter(name="a")
keys = organization.api_keys.exclude(name="a")
"""


def test_a_query_is_known_from_other_code() -> None:
    assert list(queries(sample(GOOD))) == []
    assert sorted(queries(sample(BAD))) == [
        "User.objects",
        "import django.db.models.Q",
        "models.User.objects",
        "organization.api_keys.exclude",
        "queries.visible(actor).filter",
    ]
