from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0008_second_person"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="session_epoch",
            field=models.PositiveIntegerField(default=0, db_default=0),
        ),
    ]
