"""What devices say by themselves, put into the raw journal as the listener would: for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from devices import partitions
from devices.models import Company, Concentrator
from devices.protocol.spontaneous import Kind, Message, encode
from listeners.meaning import Understood, understand
from listeners.models import ListenerCount
from tests.factories import fleets

SPOKEN, PROVISIONED = "20LVM50A1006010", "20LVM50A10006010"  # 4.1 of the field protocols
HOST = "10.2.0.7"
NOW = int(datetime.now(UTC).timestamp()) // 60 * 60 - 600  # ten minutes ago

_INSERT = """
INSERT INTO datagram (day, received_at, source, source_port, port, is_stream, size, raw)
SELECT (at AT TIME ZONE 'UTC')::date, at, %s, 40000, %s, false, %s, %s
FROM (SELECT to_timestamp(%s) AS at) AS receipt
"""


def concentrator(
    owner: Company | None = None,
    name: str = "GIALLOT01",
    serial: str = PROVISIONED,
    host: str = HOST,
    zone: str = "UTC",
) -> Concentrator:
    """One that may speak, with the partitions that its messages need."""
    fleets.make_partitions()
    partitions.ensure("datagram", fleets.today() - timedelta(days=2), fleets.today())
    made = fleets.concentrator(owner or fleets.company(zone), None, name)
    made.serial_number, made.host, made.state = serial, host, "initialised"
    made.save()
    return made


def said(kind: Kind, at: int = NOW, serial: str = SPOKEN, **more: Any) -> bytes:
    """A datagram stamped at an instant, its clock in UTC unless `at` is a local time."""
    return encode(Message(kind, serial, at, **more))


def receive(
    *datagrams: bytes, at: float = NOW + 5, source: str = HOST, port: int = 58693, size: int = 0
) -> None:
    """Put datagrams into the journal, each a millisecond after the one before."""
    with connection.cursor() as cursor:
        for n, raw in enumerate(datagrams):
            values = [source, port, size or len(raw), raw[:2048], at + n / 1000]
            cursor.execute(_INSERT, values)


def heard(*datagrams: bytes, **more: Any) -> Understood:
    """Receive and understand them."""
    receive(*datagrams, **more)
    return understand()


def reasons() -> dict[str, int]:
    """Why datagrams were not believed, and how many."""
    counts = ListenerCount.objects.exclude(reason="").values_list("reason", "count")
    found: dict[str, int] = {}
    for reason, count in counts:
        found[reason] = found.get(reason, 0) + count
    return found
