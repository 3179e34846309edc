from typing import Any

from django.db import migrations, models

from nsadmin.namespaces.schema.text import searchable


def fill_search_text(apps: Any, _editor: Any) -> None:
    """Make the rows findable until they are compared with their documents again."""
    rows = apps.get_model("namespaces", "MirroredNamespace").objects
    columns = ("namespace_id", "name", "description", "extractor_ids")
    for row in rows.only(*columns).iterator(chunk_size=500):
        texts = (row.name, row.namespace_id, row.description, *row.extractor_ids)
        rows.filter(pk=row.pk).update(search_text=searchable(*map(str, texts)))


class Migration(migrations.Migration):

    dependencies = [
        ("namespaces", "0006_mirror_fill"),
    ]

    operations = [
        migrations.AddField(
            model_name="mirrorednamespace",
            name="search_text",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="mirrorednamespace",
            name="unreadable",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.RunPython(fill_search_text, migrations.RunPython.noop),
    ]
