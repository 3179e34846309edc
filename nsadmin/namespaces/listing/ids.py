"""Looking rows up by many ids, which are sent as one value.

As a value each they would cost more than the rows: the ORM handles each in each walk,
and PostgreSQL reads a text with all of them.
"""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup, Q
from django.db.models.sql.compiler import SQLCompiler

from nsadmin.namespaces.mirror.rows.values import among


@CharField.register_lookup
class Among(Lookup):
    """The column has one of these texts."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, Any]:
        """Write the condition with the texts as one value."""
        column, values = self.process_lhs(compiler, connection)
        condition, given = among(column, list(self.rhs))
        return condition, [*values, *given]


def having_ids(ids: Sequence[str]) -> Q:
    """Return the condition that a namespace has one of these ids."""
    return Q(namespace_id__among=ids)
