"""The model of alarms has moved to `devices`, its table stays as it is."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("integration", "0002_hubs_copies_alarms_acts"),
        ("devices", "0011_alarms_belong_to_all"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel(name="Alarm")],
        ),
    ]
