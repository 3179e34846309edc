from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("namespaces", "0019_json_text"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="mirrorednamespace",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["listed_for", "deleted_at", "namespace_id"],
                name="list_deleted",
            ),
        ),
    ]
