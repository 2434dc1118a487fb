"""T9, the repeater table: by which path a concentrator reaches each meter."""

from collections.abc import Iterable

from psycopg2.extras import execute_values

from devices.recording.work import Work
from hes.domain.records import Repeater

_STORE = """
INSERT INTO repeater_row (concentrator_id, mac_address, row, level, repeater_1, repeater_2,
                          repeater_3, quality, updated_at, read_at) VALUES %s
    ON CONFLICT (concentrator_id, mac_address) DO UPDATE
   SET row = excluded.row, level = excluded.level, repeater_1 = excluded.repeater_1,
       repeater_2 = excluded.repeater_2, repeater_3 = excluded.repeater_3,
       quality = excluded.quality, updated_at = excluded.updated_at, read_at = excluded.read_at
"""
_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s, to_timestamp(%s), statement_timestamp())"
_FORGET = "DELETE FROM repeater_row WHERE concentrator_id = %s AND mac_address <> ALL(%s::bytea[])"


def record(work: Work, repeaters: Iterable[Repeater]) -> None:
    """Store the paths as last read."""
    rows = [
        (work.fleet.id, mac, path.row, path.level, *path.repeaters, path.quality, path.updated)
        for mac, path in sorted({path.mac: path for path in repeaters}.items())
    ]
    execute_values(work.cursor.cursor, _STORE, rows, template=_ROW, page_size=len(rows))


def finish(work: Work, seen: frozenset[bytes]) -> None:
    """At the end of the table: forget the paths that are no longer in it."""
    work.cursor.execute(_FORGET, [work.fleet.id, sorted(seen)])
