"""What people decided about the export."""

from django.db import models


class ExportAct(models.Model):
    """Who decided what about a sink. The application may insert rows and never change one."""

    at = models.DateTimeField(auto_now_add=True)
    who = models.CharField(max_length=150)
    act = models.CharField(max_length=40)
    subject = models.CharField(max_length=80)
    detail = models.JSONField(default=dict)

    class Meta:
        db_table = "export_act"

    def __str__(self) -> str:
        return f"{self.act} {self.subject} by {self.who}"
