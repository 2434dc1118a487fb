"""The power of concentrators and of meters in tables of their own; changes without an unused index.

One table of both kept three indexes beside the one of what is dark: in a storm they cost more than
the rows. Changes are read by `(xid, id)` alone.
"""

import django.db.models.deletion
from django.db import migrations, models

COPY = """
INSERT INTO {kind}_power ({kind}_id, company_id, is_dark, since, heard_at, stamped_at, clock_id)
SELECT {kind}_id, company_id, is_dark, since, heard_at, stamped_at, clock_id
FROM power_state WHERE {kind}_id IS NOT NULL
"""
BACK = """
INSERT INTO power_state ({kind}_id, company_id, is_dark, since, heard_at, stamped_at, clock_id)
SELECT {kind}_id, company_id, is_dark, since, heard_at, stamped_at, clock_id FROM {kind}_power
"""
# Every message writes its row again: room in the page for that.
ROOM = "ALTER TABLE {kind}_power SET (fillfactor = 45)"
KINDS = ("concentrator", "meter")
NO_KEY = "ALTER TABLE power_change DROP CONSTRAINT power_change_pkey"
KEY = "ALTER TABLE power_change ADD PRIMARY KEY (recorded_at, id)"


class Migration(migrations.Migration):

    dependencies = [
        ('devices', '0013_profiles_report_where_the_system_says'),
        ('listeners', '0006_earlier_ends_are_found'),
    ]

    operations = [
        migrations.CreateModel(
            name='ConcentratorPower',
            fields=[
                ('is_dark', models.BooleanField()),
                ('since', models.DateTimeField()),
                ('heard_at', models.DateTimeField(help_text='its receipt, UTC')),
                ('stamped_at', models.DateTimeField(help_text='its stamp, UTC; null: not believable', null=True)),
                ('clock_id', models.BigIntegerField(help_text="the concentrator whose clock gave the stamp; null: the device's own", null=True)),
                ('concentrator', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to='devices.concentrator')),
                ('company', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, to='devices.company')),
            ],
            options={
                'db_table': 'concentrator_power',
            },
        ),
        migrations.CreateModel(
            name='MeterPower',
            fields=[
                ('is_dark', models.BooleanField()),
                ('since', models.DateTimeField()),
                ('heard_at', models.DateTimeField(help_text='its receipt, UTC')),
                ('stamped_at', models.DateTimeField(help_text='its stamp, UTC; null: not believable', null=True)),
                ('clock_id', models.BigIntegerField(help_text="the concentrator whose clock gave the stamp; null: the device's own", null=True)),
                ('meter', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to='devices.meter')),
                ('company', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, to='devices.company')),
            ],
            options={
                'db_table': 'meter_power',
            },
        ),
        migrations.RunSQL([ROOM.format(kind=kind) for kind in KINDS], migrations.RunSQL.noop),
        migrations.RunSQL(
            [COPY.format(kind=kind) for kind in KINDS], [BACK.format(kind=kind) for kind in KINDS]
        ),
        migrations.AddIndex(
            model_name='concentratorpower',
            index=models.Index(condition=models.Q(('is_dark', True)), fields=['concentrator'], name='concentrator_dark'),
        ),
        migrations.AddIndex(
            model_name='meterpower',
            index=models.Index(condition=models.Q(('is_dark', True)), fields=['meter'], name='meter_dark'),
        ),
        migrations.AddIndex(
            model_name='concentratorpower',
            index=models.Index(condition=models.Q(('is_dark', False), ('stamped_at__lt', models.F('since'))), fields=['heard_at'], name='concentrator_lit_before'),
        ),
        migrations.AddIndex(
            model_name='meterpower',
            index=models.Index(condition=models.Q(('is_dark', False), ('stamped_at__lt', models.F('since'))), fields=['heard_at'], name='meter_lit_before'),
        ),
        migrations.DeleteModel(
            name='PowerState',
        ),
        migrations.RunSQL(NO_KEY, KEY),
        migrations.AlterField(
            model_name='powerchange',
            name='at',
            field=models.DateTimeField(help_text='when it happened, as `since` of its state'),
        ),
    ]
