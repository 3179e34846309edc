from django.db import migrations, models

import nsadmin.namespaces.models.keys


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
        migrations.AddIndex(
            model_name='mirrorednamespace',
            index=models.Index(nsadmin.namespaces.models.keys.StoreOrder('namespace_id'), models.F('revision'), models.F('updated_at'), name='mirror_by_key'),
        ),
    ]
