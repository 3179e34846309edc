from django.db import migrations, models

# PostgreSQL writes each change of a row into all its indexes.
_LIKE = "namespaces_mirroreddocument_namespace_id_05d98669_like"


def drop_pattern_index(apps, schema_editor):
    """Drop what Django makes for `LIKE`, by which no document is looked up."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {_LIKE}")


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
        migrations.RunPython(drop_pattern_index, migrations.RunPython.noop),
    ]
