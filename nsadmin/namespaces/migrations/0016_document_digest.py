from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('namespaces', '0015_filter_orders'),
    ]

    operations = [
        migrations.AddField(
            model_name='mirrorednamespace',
            name='digest',
            field=models.BinaryField(max_length=16, null=True),
        ),
    ]
