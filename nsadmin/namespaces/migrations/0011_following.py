from django.db import migrations, models

TABLE = "namespaces_mirrorednamespace"


def make_key_index(apps, schema_editor):
    """Index keys in the order of the namespace store, which compares bytes."""
    order = ' COLLATE "C"' if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(
        f"CREATE INDEX mirror_by_key ON {TABLE} "
        f"(namespace_id{order}, revision, updated_at)"
    )


def drop_key_index(apps, schema_editor):
    schema_editor.execute("DROP INDEX mirror_by_key")


class Migration(migrations.Migration):

    dependencies = [
        ('namespaces', '0010_mirrored_document'),
    ]

    operations = [
        migrations.CreateModel(
            name='MirrorState',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('holder', models.CharField(blank=True, max_length=64)),
                ('held_until', models.DateTimeField(null=True)),
                ('way', models.CharField(blank=True, max_length=16)),
                ('store', models.CharField(blank=True, max_length=64)),
                ('tokens', models.JSONField(default=dict)),
                ('cursor_at', models.DateTimeField(null=True)),
                ('followed_at', models.DateTimeField(null=True)),
                ('filling_after', models.TextField(blank=True)),
                ('rolling_after', models.TextField(blank=True)),
            ],
        ),
        migrations.AddIndex(
            model_name='mirrorednamespace',
            index=models.Index(fields=['source_namespace_id'], name='mirror_by_source'),
        ),
        migrations.RunPython(make_key_index, drop_key_index),
    ]
