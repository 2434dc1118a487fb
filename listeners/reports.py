"""The two reports of 000 (3.3.1): the last message of each type, per concentrator and per meter.

Columns are named as printed. `last date local` is the device's own stamp, `last update local` the
receipt where the device stands, `port` ours (*assumed*: the print does not say whose), `message`
the bytes in hexadecimal. A page is asked for by keyset, so that any depth costs the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection

NAMES = (
    "concentrator name", "ipaddress", "spontmessagetype", "port", "last date local",
    "last update utc", "last update local", "message",
)  # fmt: skip

_STAMP = "'YYYY-MM-DD HH24:MI:SS'"
_FACTS = f"""
    host(l.source), l.kind, l.port,
    to_char(to_timestamp(l.device_local) AT TIME ZONE 'UTC', {_STAMP}),
    to_char(l.received_at AT TIME ZONE 'UTC', {_STAMP}),
    to_char(l.received_at AT TIME ZONE 'UTC' + l.utc_offset * interval '1 minute', {_STAMP}),
    upper(encode(l.message, 'hex'))
"""
_CONCENTRATORS = f"""
SELECT l.concentrator_id, coalesce(nullif(c.name, ''), c.serial_number), {_FACTS}
FROM last_concentrator_message l JOIN concentrator c ON c.id = l.concentrator_id
WHERE c.company_id = %s AND (l.concentrator_id, l.kind) > (%s, %s)
ORDER BY l.concentrator_id, l.kind LIMIT %s
"""
_METERS = f"""
SELECT l.meter_id, coalesce(nullif(c.name, ''), c.serial_number, ''), m.serial_number, {_FACTS}
FROM last_meter_message l JOIN meter m ON m.id = l.meter_id
    LEFT JOIN concentrator c ON c.id = l.concentrator_id
WHERE m.company_id = %s AND (l.meter_id, l.kind) > (%s, %s)
ORDER BY l.meter_id, l.kind LIMIT %s
"""
PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Report:
    """A report: its columns as printed, and how a page of a company is asked for."""

    columns: tuple[str, ...]
    sql: str
    kind_at: int  # place of the type in a row of `sql`

    def rows(self, company_id: int) -> Iterator[Sequence[object]]:
        """All rows of a company, page by page; values in the order of `columns`."""
        after: tuple[object, object] = (0, "")
        while page := self._page(company_id, after):
            yield from (row[1:] for row in page)
            after = page[-1][0], page[-1][self.kind_at]

    def _page(self, company_id: int, after: tuple[object, object]) -> list[Sequence[object]]:
        with connection.cursor() as cursor:
            cursor.execute(self.sql, [company_id, *after, PAGE])  # type: ignore[list-item]
            return list(cursor.fetchall())


CONCENTRATOR_MESSAGES = Report(NAMES, _CONCENTRATORS, kind_at=3)
METER_MESSAGES = Report((NAMES[0], "meter", *NAMES[1:]), _METERS, kind_at=4)
REPORTS = {"concentrators": CONCENTRATOR_MESSAGES, "meters": METER_MESSAGES}
