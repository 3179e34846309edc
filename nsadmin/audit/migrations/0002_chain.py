from django.db import migrations, models

from nsadmin.audit import chain


def chain_what_is_there(apps, schema_editor):
    """Give every event an entry as it is now, oldest first."""
    event_model = apps.get_model("audit", "AuditEvent")
    entry_model = apps.get_model("audit", "ChainEntry")
    head_model = apps.get_model("audit", "ChainHead")
    ends = {}
    for event in event_model.objects.order_by("pk").iterator():
        owner = event.organization_id
        number, last = ends.get(owner, (0, chain.FIRST_PREVIOUS_HASH))
        content = chain.digest(event)
        written = chain.link(owner, number + 1, event.op_id, content, last)
        entry_model.objects.create(
            organization_id=owner,
            number=number + 1,
            op_id=event.op_id,
            content=content,
            hash=written,
        )
        ends[owner] = (number + 1, written)
    for owner, (number, last) in ends.items():
        head_model.objects.create(organization_id=owner, number=number, hash=last)


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ChainHead',
            fields=[
                ('organization_id', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('number', models.BigIntegerField(default=0)),
                ('hash', models.CharField(max_length=64)),
            ],
        ),
        migrations.AddField(
            model_name='auditevent',
            name='reverts',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.CreateModel(
            name='ChainEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organization_id', models.CharField(max_length=64)),
                ('number', models.BigIntegerField()),
                ('op_id', models.CharField(max_length=64)),
                ('content', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
            ],
            options={
                'ordering': ['organization_id', 'number'],
                'constraints': [models.UniqueConstraint(fields=('organization_id', 'number'), name='audit_one_entry')],
            },
        ),
        migrations.RunPython(chain_what_is_there, migrations.RunPython.noop),
    ]
