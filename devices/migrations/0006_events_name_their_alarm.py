"""Which alarm an event is about: codes are not unique, so the alarm's own name finds it (D22)."""

from django.db import migrations, models

NAME = """
ALTER TABLE end_device_event ADD COLUMN alarm varchar(10) NOT NULL DEFAULT '';
CREATE INDEX end_device_event_of_alarm ON end_device_event (alarm, at) WHERE alarm <> '';
"""


class Migration(migrations.Migration):
    dependencies = [("devices", "0005_acts_are_written_down")]

    operations = [
        migrations.RunSQL(
            NAME,
            "ALTER TABLE end_device_event DROP COLUMN alarm",
            state_operations=[
                migrations.AddField(
                    "enddeviceevent",
                    "alarm",
                    models.CharField(blank=True, help_text="codes/meter_alarms.csv", max_length=10),
                ),
            ],
        ),
    ]
