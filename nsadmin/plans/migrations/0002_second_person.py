"""Plans that need a second person, to find those that wait for one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("plans", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="savedplan",
            name="guard",
            field=models.CharField(blank=True, max_length=8),
        ),
        migrations.AddIndex(
            model_name="savedplan",
            index=models.Index(
                condition=models.Q(("confirmed_at", None)),
                fields=["organization_id", "guard"],
                name="plan_open",
            ),
        ),
    ]
