"""Outages, whom they reach, how they went: without keys to devices, history outlives them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('devices', '0010_meters_on_their_way_are_found_by_an_index'),
        ('listeners', '0004_what_datagrams_meant'),
    ]

    operations = [
        migrations.CreateModel(
            name='Outage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.CharField(choices=[('meter', 'Meter'), ('concentrator', 'Concentrator'), ('transformer', 'Transformer'), ('substation', 'Substation')], max_length=12)),
                ('node_id', models.BigIntegerField(help_text='of the level: substation, transformer ...')),
                ('name', models.CharField(help_text='of the node, as it was called then', max_length=100)),
                ('substation_id', models.BigIntegerField(null=True)),
                ('transformer_id', models.BigIntegerField(null=True)),
                ('concentrator_id', models.BigIntegerField(null=True)),
                ('state', models.CharField(choices=[('open', 'Open'), ('closed', 'Closed'), ('merged', 'Merged')], default='open', max_length=6)),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField(null=True)),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('meters', models.IntegerField(default=0, help_text='in all, also those without a customer')),
                ('meters_out', models.IntegerField(default=0)),
                ('concentrators_out', models.IntegerField(default=0, help_text='that are dark themselves')),
                ('customers', models.IntegerField(default=0, help_text='installed meters with a POD, in all')),
                ('customers_out', models.IntegerField(default=0, help_text='of them still without power')),
                ('customer_seconds', models.BigIntegerField(help_text='known when it has ended', null=True)),
                ('restored_by', models.CharField(blank=True, choices=[('gasp', 'Gasp'), ('answer', 'Answer'), ('order', 'Order')], default='', max_length=10)),
                ('nested_in_id', models.BigIntegerField(help_text='the larger one it was left over of', null=True)),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='devices.company')),
                ('parent', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, to='listeners.outage')),
            ],
            options={
                'db_table': 'outage',
            },
        ),
        migrations.CreateModel(
            name='Interruption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('company_id', models.BigIntegerField()),
                ('meter_id', models.BigIntegerField(null=True)),
                ('usage_point_id', models.BigIntegerField(help_text='null: no customer', null=True)),
                ('concentrator_id', models.BigIntegerField(null=True)),
                ('transformer_id', models.BigIntegerField(null=True)),
                ('substation_id', models.BigIntegerField(null=True)),
                ('is_own', models.BooleanField()),
                ('began_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_by', models.CharField(blank=True, choices=[('gasp', 'Gasp'), ('answer', 'Answer'), ('order', 'Order')], db_default='', default='', max_length=10)),
                ('is_momentary', models.BooleanField(db_default=False, default=False)),
                ('nested_in_id', models.BigIntegerField(help_text='the outage it was left over of', null=True)),
                ('outage', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, to='listeners.outage')),
            ],
            options={
                'db_table': 'interruption',
            },
        ),
        migrations.CreateModel(
            name='OutageCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.CharField(choices=[('meter', 'Meter'), ('concentrator', 'Concentrator'), ('transformer', 'Transformer'), ('substation', 'Substation')], max_length=12)),
                ('node_id', models.BigIntegerField()),
                ('outage_id', models.BigIntegerField(help_text='null: the node was only suspected', null=True)),
                ('meter_id', models.BigIntegerField()),
                ('round', models.PositiveSmallIntegerField(help_text='of the node, from 1')),
                ('asked_at', models.DateTimeField()),
                ('order_id', models.BigIntegerField(help_text='null: it was refused', null=True)),
                ('finding', models.CharField(blank=True, choices=[('answered', 'Answered'), ('silent', 'Silent'), ('none', 'None')], default='', max_length=8)),
                ('found_at', models.DateTimeField(null=True)),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='devices.company')),
            ],
            options={
                'db_table': 'outage_check',
            },
        ),
        migrations.CreateModel(
            name='OutageDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('customers', models.IntegerField(default=0, help_text='installed meters with a POD')),
                ('interruptions', models.IntegerField(default=0, help_text='customers; those that began then')),
                ('momentaries', models.IntegerField(default=0, help_text='shorter ones, which are no outage')),
                ('customer_seconds', models.BigIntegerField(default=0, help_text='without power within that day')),
                ('outages', models.IntegerField(default=0, help_text='that began then, without merged ones')),
                ('counted_at', models.DateTimeField(help_text='null: something of that day changed', null=True)),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='devices.company')),
            ],
            options={
                'db_table': 'outage_day',
            },
        ),
        migrations.CreateModel(
            name='OutageStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(help_text='when it happened')),
                ('known_at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('opened', 'Opened'), ('grew', 'Grew'), ('checked', 'Checked'), ('restored', 'Restored'), ('merged', 'Merged'), ('closed', 'Closed')], max_length=8)),
                ('customers_out', models.IntegerField()),
                ('text', models.CharField(blank=True, default='', max_length=200)),
                ('outage', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='listeners.outage')),
            ],
            options={
                'db_table': 'outage_step',
            },
        ),
        migrations.CreateModel(
            name='Storm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField(null=True)),
                ('company', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='devices.company')),
            ],
            options={
                'db_table': 'outage_storm',
            },
        ),
        migrations.AddIndex(
            model_name='outage',
            index=models.Index(fields=['company', '-id'], name='outage_of_company'),
        ),
        migrations.AddIndex(
            model_name='outage',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['company'], name='outage_open'),
        ),
        migrations.AddIndex(
            model_name='outage',
            index=models.Index(condition=models.Q(('parent__isnull', False)), fields=['parent'], name='outage_parts'),
        ),
        migrations.AddConstraint(
            model_name='outage',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('level', 'node_id'), name='outage_open_once'),
        ),
        migrations.AddIndex(
            model_name='interruption',
            index=models.Index(condition=models.Q(('is_momentary', False), ('outage', None)), fields=['company_id'], name='interruption_waiting'),
        ),
        migrations.AddIndex(
            model_name='interruption',
            index=models.Index(condition=models.Q(('ended_at', None), ('is_own', False)), fields=['concentrator_id'], name='interruption_below'),
        ),
        migrations.AddIndex(
            model_name='interruption',
            index=models.Index(condition=models.Q(('outage__isnull', False)), fields=['outage'], name='interruption_of_outage'),
        ),
        migrations.AddIndex(
            model_name='interruption',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['company_id', 'ended_at'], name='interruption_of_day'),
        ),
        migrations.AddIndex(
            model_name='interruption',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['meter_id'], name='interruption_of_meter'),
        ),
        migrations.AddConstraint(
            model_name='interruption',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('meter_id',), name='interruption_open_once'),
        ),
        migrations.AddConstraint(
            model_name='interruption',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None), ('meter_id', None)), fields=('concentrator_id',), name='interruption_of_concentrator_open_once'),
        ),
        migrations.AddIndex(
            model_name='outagecheck',
            index=models.Index(fields=['level', 'node_id', '-asked_at'], name='outage_check_of_node'),
        ),
        migrations.AddIndex(
            model_name='outagecheck',
            index=models.Index(condition=models.Q(('finding', '')), fields=['order_id'], name='outage_check_open'),
        ),
        migrations.AddConstraint(
            model_name='outageday',
            constraint=models.UniqueConstraint(fields=('company', 'day'), name='outage_day_once_per_company'),
        ),
        migrations.AddConstraint(
            model_name='storm',
            constraint=models.UniqueConstraint(condition=models.Q(('until', None)), fields=('company',), name='storm_open_once'),
        ),
    ]
