from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0009_session_epoch"),
    ]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="second_factor_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
