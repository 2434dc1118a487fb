"""A return of power that is heard of late is found by an index, and a corrected end is a step."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('listeners', '0005_outages_and_whom_they_reach'),
    ]

    operations = [
        migrations.AlterField(
            model_name='outagestep',
            name='kind',
            field=models.CharField(choices=[('opened', 'Opened'), ('grew', 'Grew'), ('checked', 'Checked'), ('restored', 'Restored'), ('merged', 'Merged'), ('closed', 'Closed'), ('corrected', 'Corrected')], max_length=9),
        ),
        migrations.AddIndex(
            model_name='interruption',
            index=models.Index(condition=models.Q(('nested_in_id__isnull', False)), fields=['nested_in_id'], name='interruption_left_over'),
        ),
        migrations.AddIndex(
            model_name='interruption',
            index=models.Index(condition=models.Q(('ended_by__in', ['answer', 'order'])), fields=['concentrator_id', 'ended_at'], name='interruption_end_by_others'),
        ),
    ]
