import django.db.models.deletion
import django.utils.timezone
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('job_id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=32)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=16)),
                ('organization_id', models.CharField(max_length=64)),
                ('internal_id', models.CharField(max_length=64)),
                ('namespace_id', models.CharField(blank=True, max_length=128)),
                ('namespace_name', models.CharField(blank=True, max_length=128)),
                ('source_namespace_id', models.CharField(blank=True, max_length=128)),
                ('title', models.CharField(max_length=300)),
                ('actor_kind', models.CharField(max_length=8)),
                ('actor_id', models.CharField(max_length=64)),
                ('actor_label', models.CharField(max_length=254)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('op_id', models.CharField(blank=True, max_length=64)),
                ('inputs', models.JSONField(default=dict)),
                ('cursor', models.JSONField(default=dict)),
                ('progress', models.JSONField(default=dict)),
                ('outputs', models.JSONField(default=dict)),
                ('error', models.CharField(blank=True, max_length=2000)),
                ('epoch', models.IntegerField(default=0)),
                ('attempts', models.IntegerField(default=0)),
                ('waits', models.IntegerField(default=0)),
                ('away_since', models.DateTimeField(blank=True, null=True)),
                ('owner', models.CharField(blank=True, max_length=128)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('heartbeat_at', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('run_after', models.DateTimeField(default=django.utils.timezone.now)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('settled', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-created_at'],
                'indexes': [models.Index(fields=['state', 'lease_until'], name='job_due'), models.Index(fields=['settled', 'run_after'], name='job_unsettled'), models.Index(fields=['organization_id', '-created_at'], name='job_by_org'), models.Index(fields=['namespace_id'], name='job_by_namespace')],
            },
        ),
        migrations.CreateModel(
            name='JobEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('role', models.CharField(default='idle', max_length=8)),
                ('sentence', models.CharField(max_length=500)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='jobs.job')),
            ],
            options={
                'ordering': ['-at', '-pk'],
            },
        ),
    ]
