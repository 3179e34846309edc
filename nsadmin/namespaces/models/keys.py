"""The ids of namespaces in the order of the namespace store."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func
from django.db.models.sql.compiler import SQLCompiler


class StoreOrder(Func):
    """A text column as the namespace store orders it: by its bytes.

    SQLite does so unasked; PostgreSQL in the order of the database.
    """

    template = "%(expressions)s"
    arity = 1

    def as_postgresql(
        self,
        compiler: SQLCompiler,
        connection: BaseDatabaseWrapper,
        **extra_context: Any,
    ) -> tuple[str, Any]:
        """Name the order by bytes."""
        ordered = '(%(expressions)s COLLATE "C")'
        return self.as_sql(compiler, connection, template=ordered, **extra_context)
