"""What a person should look at."""

from django.db import models


class Alarm(models.Model):
    """One thing that a person should look at: open from `raised_at` until `cleared_at`."""

    name = models.CharField(max_length=40, help_text="what kind: export_lag, listener_drops ...")
    subject = models.CharField(max_length=80, help_text="which: a sink, a hub, a port")
    text = models.CharField(max_length=400)
    raised_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(auto_now=True)
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "export_alarm"
        constraints = [
            models.UniqueConstraint(
                fields=["name", "subject"],
                condition=models.Q(cleared_at=None),
                name="export_alarm_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject}"
