from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('advice', '0002_runs_are_recorded_elsewhere'),
    ]

    operations = [
        migrations.AlterField(
            model_name='autoindex',
            name='state',
            field=models.CharField(choices=[('building', 'Building'), ('done', 'Done'), ('incomplete', 'Incomplete'), ('dropped', 'Dropped'), ('failed', 'Failed')], default='building', max_length=16),
        ),
    ]
