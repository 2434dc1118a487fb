"""Each start of `hes listen` has a row: what it committed, what it lost, what waits."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('listeners', '0002_who_is_dark_since_when'),
    ]

    operations = [
        migrations.CreateModel(
            name='ListenerRun',
            fields=[
                ('uid', models.UUIDField(primary_key=True, serialize=False)),
                ('host', models.CharField(max_length=255)),
                ('ports', models.CharField(db_default='', help_text='as people read them', max_length=100)),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ended_at', models.DateTimeField(null=True)),
                ('last_block', models.BigIntegerField(db_default=0)),
                ('received', models.BigIntegerField(db_default=0)),
                ('kernel_drops', models.BigIntegerField(db_default=0)),
                ('refused', models.BigIntegerField(db_default=0, help_text='connections beyond the limit')),
                ('buffer', models.BigIntegerField(db_default=0)),
                ('spooled', models.BigIntegerField(db_default=0)),
                ('waiting_since', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'listener_run',
            },
        ),
    ]
