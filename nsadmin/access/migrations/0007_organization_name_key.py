from django.db import migrations, models

from nsadmin.names import folded


def fill(apps, _schema_editor):
    organizations = apps.get_model("access", "Organization").objects
    rows = organizations.order_by("pk").only("pk", "name")
    batch = []
    for row in rows.iterator(chunk_size=500):
        row.name_key = folded(row.name)[:200]
        batch.append(row)
        if len(batch) == 500:
            organizations.bulk_update(batch, ["name_key"])
            batch = []
    organizations.bulk_update(batch, ["name_key"])


class Migration(migrations.Migration):
    dependencies = [("access", "0006_support_acknowledged")]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="name_key",
            field=models.CharField(default="", editable=False, max_length=200),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name="organization",
            name="name_key",
            field=models.CharField(db_index=True, editable=False, max_length=200),
        ),
    ]
