"""Address and ports of spontaneous messages are settings of the system (000 3.2.1)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("devices", "0012_speakers_are_found_by_an_index")]

    operations = [
        migrations.RemoveField("spontaneousprofile", "address"),
        migrations.RemoveField("spontaneousprofile", "wake_up_port"),
        migrations.RemoveField("spontaneousprofile", "last_gasp_port"),
    ]
