"""Keeps the copies of documents as text, which no database has to parse.

PostgreSQL compresses them by LZ4 from now on, where it can, in a third of the time.
"""

from django.db import migrations

import nsadmin.namespaces.models.json_text

COMPRESSED = """
DO $$ BEGIN
  ALTER TABLE namespaces_mirroreddocument ALTER content SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$
"""


def compress(apps, schema_editor):
    """Name the method of compression; without it PostgreSQL goes on as before."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(COMPRESSED)


class Migration(migrations.Migration):

    dependencies = [
        ("namespaces", "0018_triggers_of_columns"),
    ]

    operations = [
        migrations.AlterField(
            model_name="mirroreddocument",
            name="content",
            field=nsadmin.namespaces.models.json_text.JSONTextField(default=dict),
        ),
        migrations.RunPython(compress, migrations.RunPython.noop),
    ]
