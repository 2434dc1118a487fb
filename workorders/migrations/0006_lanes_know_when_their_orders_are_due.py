from django.db import migrations, models

# Never later than the truth: a lane that is claimed too early goes straight back with the right one.
OF_URGENT_LANES = "UPDATE lane SET orders_due = next_due WHERE best_priority > 0"


class Migration(migrations.Migration):
    """A full engine claims lanes for their orders, whatever else they are due for."""

    dependencies = [
        ('devices', '0004_partitions_are_listed_and_attached'),
        ('workorders', '0005_sweeps_find_orders_at_work'),
    ]

    operations = [
        migrations.AddField(
            model_name='lane',
            name='orders_due',
            field=models.DateTimeField(help_text='the part of `next_due` that is orders', null=True),
        ),
        migrations.RunSQL(OF_URGENT_LANES, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='lane',
            index=models.Index(condition=models.Q(('orders_due__isnull', False), ('owner__isnull', True)), fields=['-best_priority', 'orders_due'], name='lane_free_with_orders'),
        ),
    ]
