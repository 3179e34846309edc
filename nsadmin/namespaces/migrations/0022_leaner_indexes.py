from django.db import migrations, models

# PostgreSQL writes each change of a row into all its indexes.
_LIKE = (
    "namespaces_mirrorednamespace_namespace_id_3d7a7653_like",
    "namespaces_mirroreddocument_namespace_id_05d98669_like",
)


def drop_pattern_indexes(apps, schema_editor):
    """Drop what Django makes for `LIKE`, by which no id is looked up.

    The beginning of an id is looked up by `mirror_by_key`.
    """
    if schema_editor.connection.vendor == "postgresql":
        for name in _LIKE:
            schema_editor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [
        ("namespaces", "0021_filters_in_orders"),
    ]

    operations = [
        migrations.RemoveIndex("mirrorednamespace", "look_places"),
        migrations.RemoveIndex("mirrorednamespace", "mirror_by_source"),
        migrations.AddIndex(
            "mirrorednamespace",
            models.Index(
                fields=[
                    "tier",
                    "deleted_at",
                    "cluster_url",
                    "internal_id",
                    "namespace_id",
                ],
                condition=~models.Q(tier="shared"),
                name="look_places",
            ),
        ),
        migrations.AddIndex(
            "mirrorednamespace",
            models.Index(
                fields=["source_namespace_id"],
                condition=models.Q(source_namespace_id__gt=""),
                name="mirror_by_source",
            ),
        ),
        migrations.RunPython(drop_pattern_indexes, migrations.RunPython.noop),
    ]
