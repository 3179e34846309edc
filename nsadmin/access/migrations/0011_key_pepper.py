from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0010_second_factor_due'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='pepper',
            field=models.CharField(blank=True, db_default='', default='', max_length=12),
        ),
    ]
