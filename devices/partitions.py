"""Keeps partitions ahead of the clock: the application may make them only through one function."""

from datetime import date, timedelta

from django.db import connection

_AHEAD = timedelta(days=3)
_BY_DAY = ("export_block", "datagram")
_BY_MONTH = (
    "end_device_event", "slot", "visit", "order_event", "power_change",
    "spontaneous_message", "suspect_message",
)  # fmt: skip


def ensure(table: str, first: date, last: date) -> int:
    """Make the missing partitions of `table` that cover first..last; returns how many were made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hes_partitions(%s, %s, %s)", [table, first, last])
        return int(cursor.fetchone()[0])


def ensure_around(today: date, ledger_days: int) -> int:
    """Everything recording may need from today on, and the ledger days that may still come late."""
    until = today + _AHEAD
    made = sum(ensure(table, today - timedelta(days=1), until) for table in _BY_DAY)
    made += ensure("slot_ledger", today - timedelta(days=ledger_days + 2), until)
    return made + sum(ensure(table, today, until + timedelta(days=28)) for table in _BY_MONTH)
