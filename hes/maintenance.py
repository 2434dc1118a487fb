"""Makes the next partitions, and lets the old rows of all parts go, as hes_owner (design D11).

One line here per part that has old rows. The partitions by month of `end_device_event`, `slot`,
`visit` and `order_event` stay: no document says how long.
"""

import logging
from collections.abc import Iterator
from datetime import date

from django.db import OperationalError, connection

from devices.partition_drops import bounded
from devices.retirement import Detail, Retirement, Verdict, later
from integration.export import acts
from integration.export import maintenance as blocks
from integration.export.ownership import session_lock
from listeners import retention
from workorders import planning

log = logging.getLogger(__name__)

PARTS = (blocks.retire, retention.retire)
TODAY = "SELECT (now() AT TIME ZONE 'UTC')::date"


def prepare() -> str:
    """Make what planning and recording need next; tells how many partitions were made.

    A new partition locks its table for a moment: who records must not queue for long behind that.
    """
    with bounded():
        try:
            return f"{planning.ensure_partitions(_today())} partitions made"
        except OperationalError as fault:
            return f"no partitions made, {later(fault)}"


def retire(*, dry_run: bool = False) -> Iterator[Verdict]:
    """Let go what is old and needed by nobody; tells of everything that is old.

    A wait that gets too long leaves a partition as it is, also half detached: the next run ends it.
    """
    with session_lock("maintenance") as is_ours, bounded():
        if not is_ours:
            log.info("another process is dropping partitions")
            return
        run = Retirement(_today(), _note, dry_run)
        for part in PARTS:
            yield from part(run)


def _note(act: str, subject: str, detail: Detail) -> None:
    acts.note(act, subject, "", **detail)


def _today() -> date:
    with connection.cursor() as cursor:
        cursor.execute(TODAY)
        day: date = cursor.fetchone()[0]
    return day
