"""Alarms are raised by listeners too: their model moves down, their table stays as it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0010_meters_on_their_way_are_found_by_an_index"),
        ("integration", "0002_hubs_copies_alarms_acts"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Alarm",
                    fields=[
                        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                        ("name", models.CharField(help_text="what kind: export_lag, listener_drops ...", max_length=40)),
                        ("subject", models.CharField(help_text="which: a sink, a hub, a port", max_length=80)),
                        ("text", models.CharField(max_length=400)),
                        ("raised_at", models.DateTimeField(auto_now_add=True)),
                        ("seen_at", models.DateTimeField(auto_now=True)),
                        ("cleared_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "db_table": "export_alarm",
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("cleared_at", None)),
                                fields=("name", "subject"),
                                name="export_alarm_open_once",
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
