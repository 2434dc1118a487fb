"""Decisions about sinks, kept for good: the application may insert them and change none."""

from hes.lib.person import person
from integration.models import ExportAct


def note(act: str, subject: str, who: str = "", **detail: object) -> None:
    """Write down who did what to which sink; belongs into the transaction of the deed."""
    ExportAct.objects.create(act=act, subject=subject, who=who or person(), detail=detail)
