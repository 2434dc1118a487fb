"""Decisions about sinks, kept for good: the application may insert them and change none."""

import getpass
from contextlib import suppress

from integration.models import ExportAct


def note(act: str, subject: str, who: str = "", **detail: object) -> None:
    """Write down who did what to which sink; belongs into the transaction of the deed."""
    ExportAct.objects.create(act=act, subject=subject, who=who or person(), detail=detail)


def person() -> str:
    """The operating-system user who runs this command."""
    with suppress(KeyError, OSError):  # a container may run as a number without a name
        return getpass.getuser()
    return "unknown"
