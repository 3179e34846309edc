"""Has the triggers of the mirror made anew: they name the columns that they follow.

Whatever is migrated drops them before, and installs them after it.
"""

from typing import ClassVar

from django.db import migrations
from django.db.migrations.operations.base import Operation


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [
        ("namespaces", "0017_saved_views"),
    ]
    operations: ClassVar[list[Operation]] = []
