from django.db import migrations, models
import django.db.models.deletion


def empty_the_mirror(apps, schema_editor):
    """Its rows lack what their documents tell; the next comparison writes them anew."""
    apps.get_model("namespaces", "MirroredNamespace").objects.all().delete()
    apps.get_model("namespaces", "MirrorFill").objects.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ('namespaces', '0009_counted_at'),
    ]

    operations = [
        migrations.RunPython(empty_the_mirror, migrations.RunPython.noop, elidable=True),
        migrations.RemoveField(
            model_name='mirrorednamespace',
            name='document',
        ),
        migrations.AddField(
            model_name='mirrorednamespace',
            name='auto_create_indexes',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='mirrorednamespace',
            name='cluster_url',
            field=models.CharField(blank=True, default='', max_length=500),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='mirrorednamespace',
            name='collection',
            field=models.CharField(blank=True, default='', max_length=255),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name='MirroredDocument',
            fields=[
                ('namespace', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='document', serialize=False, to='namespaces.mirrorednamespace')),
                ('content', models.JSONField(default=dict)),
            ],
        ),
    ]
