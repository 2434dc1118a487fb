"""`hes maintain` within a test, as the owner of the database."""

from datetime import UTC, date, datetime

from devices.retirement import Retirement, Verdict
from hes import maintenance
from tests.database import as_owner

TODAY = datetime.now(UTC).date()


def maintain(**options: bool) -> dict[str, Verdict]:
    """What it says of everything old, by name."""
    with as_owner():
        return {verdict.name: verdict for verdict in maintenance.retire(**options)}


def month(ago: int) -> date:
    """The first day of the month so many before this one."""
    return Retirement(TODAY, lambda *_: None).months_ago(ago)
