"""Datagrams and pushes name their senders in ways of their own: an index finds them, no scan."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('devices', '0011_alarms_belong_to_all'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='concentrator',
            index=models.Index(django.db.models.functions.text.Replace('serial_number', models.Value('0'), models.Value('')), name='concentrator_without_zeros'),
        ),
        migrations.AddIndex(
            model_name='meter',
            index=models.Index(condition=models.Q(('system_title__isnull', False)), fields=['system_title'], name='meter_by_system_title'),
        ),
    ]
