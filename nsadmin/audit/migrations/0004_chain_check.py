from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0003_support_session'),
    ]

    operations = [
        migrations.CreateModel(
            name='ChainCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('chains', models.PositiveIntegerField()),
                ('broken', models.PositiveIntegerField()),
            ],
        ),
    ]
