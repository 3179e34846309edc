from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0004_chain_check'),
    ]

    operations = [
        migrations.AddField(
            model_name='auditevent',
            name='client_address',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
    ]
