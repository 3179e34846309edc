from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('namespaces', '0008_fuse'),
    ]

    operations = [
        migrations.AddField(
            model_name='mirrorednamespace',
            name='document_count_at',
            field=models.DateTimeField(null=True),
        ),
    ]
