"""Engines ask every few seconds which meters wait for a step: a small index answers, not the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("devices", "0009_key_sets_wait_as_new")]

    operations = [
        migrations.AddIndex(
            model_name="meter",
            index=models.Index(
                condition=models.Q(("process_state", ""), _negated=True),
                fields=["process_state"],
                name="meter_on_its_way",
            ),
        )
    ]
