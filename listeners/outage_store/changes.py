"""Changes of power become interruptions: of the device itself, and of the meters below it.

A concentrator that is dark has its meters in the dark: they cannot say so without it. Such an
interruption ends with the concentrator's, unless the meter itself said that it is dark.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

from django.db.backends.utils import CursorWrapper

from hes.lib.arrays import numbers, words
from listeners import cursors
from listeners.cursors import Place
from listeners.outages.episodes import Change, Episode, episodes

READER = "outages"
AT_ONCE = 50_000  # changes of one transaction

_READ = """
SELECT xid::text::bigint, id, company_id, concentrator_id, meter_id, at, is_dark, source
FROM power_change
WHERE (xid, id) > (%s::text::xid8, %s) AND xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY xid, id LIMIT %s
"""
_Kind = Literal["meter_id", "concentrator_id"]
_OF = {"meter_id": "meter_id = ANY(%s::bigint[])",
       "concentrator_id": "concentrator_id = ANY(%s::bigint[]) AND meter_id IS NULL"}  # fmt: skip
_OPEN = "SELECT {by}, began_at FROM interruption WHERE ended_at IS NULL AND {of}"
_SAID_ITSELF = """
UPDATE interruption i SET is_own = true
FROM unnest(%s::bigint[], %s::float8[]) AS dark (meter, at)
WHERE i.meter_id = dark.meter AND i.ended_at IS NULL AND NOT i.is_own
    AND NOT EXISTS (SELECT FROM unnest(%s::bigint[], %s::float8[]) AS lit (concentrator, at)
        WHERE lit.concentrator = i.concentrator_id AND lit.at <= dark.at)
"""
_ENDED = """
UPDATE interruption i SET ended_at = greatest(began_at, to_timestamp(given.ended)),
       ended_by = given.ended_by
FROM unnest(%s::bigint[], %s::float8[], %s::text[]) AS given (device, ended, ended_by)
WHERE i.ended_at IS NULL AND {whose} RETURNING i.outage_id
"""
_ENDS = {
    "meter_id": ("i.meter_id = given.device",),
    "concentrator_id": (
        "i.concentrator_id = given.device AND i.meter_id IS NULL",
        "i.concentrator_id = given.device AND i.meter_id IS NOT NULL AND NOT i.is_own",
    ),
}
_INSERT = """
INSERT INTO interruption (company_id, meter_id, usage_point_id, concentrator_id, transformer_id,
    substation_id, is_own, began_at, ended_at, ended_by)
SELECT given.company, {meter}, {point}, c.id, c.transformer_id,
    coalesce(t.substation_id, c.substation_id), {is_own}, to_timestamp(given.began),
    to_timestamp(given.ended), given.ended_by
FROM unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::float8[], %s::text[])
    AS given (company, device, began, ended, ended_by)
{place}
    LEFT JOIN transformer t ON t.id = c.transformer_id
{where} ON CONFLICT DO NOTHING
"""
# IS TRUE keeps a planner without statistics (after a mass import) from looking up the validity
# alone, which nearly all rows fit: then 100,000 losses took minutes. LIMIT 1 has each meter looked
# up by its index, where statistics of a calm time make a join with no open row look cheaper.
_POINT = """
    LEFT JOIN meter_installation i ON i.meter_id = {meter}
        AND (i.validity @> to_timestamp(given.began)) IS TRUE"""
_OF_METER = _INSERT.format(
    meter="given.device",
    point="i.usage_point_id",
    is_own="true",
    place=_POINT.format(meter="given.device")
    + """
    LEFT JOIN association a ON a.meter_id = given.device
        AND (a.validity @> to_timestamp(given.began)) IS TRUE
    LEFT JOIN concentrator c ON c.id = a.concentrator_id""",
    where="",
)
_OF_CONCENTRATOR = _INSERT.format(
    meter="NULL::bigint",
    point="NULL::bigint",
    is_own="true",
    place="    JOIN concentrator c ON c.id = given.device",
    where="",
)
_BELOW_CONCENTRATOR = _INSERT.format(
    meter="m.id",
    point="i.usage_point_id",
    is_own="false",
    place="""
    JOIN concentrator c ON c.id = given.device
    JOIN association a ON a.concentrator_id = c.id
        AND (a.validity @> to_timestamp(given.began)) IS TRUE
    JOIN meter m ON m.id = a.meter_id AND m.state IN ('installed', 'commissioned')"""
    + _POINT.format(meter="m.id"),
    where="""
WHERE (SELECT o.id FROM interruption o WHERE o.meter_id = m.id AND o.ended_at IS NULL
        AND o.began_at < coalesce(to_timestamp(given.ended), 'infinity') LIMIT 1) IS NULL
    AND (SELECT o.id FROM interruption o WHERE o.meter_id = m.id
        AND o.began_at < coalesce(to_timestamp(given.ended), 'infinity')
        AND o.ended_at > to_timestamp(given.began) LIMIT 1) IS NULL""",
)


class Taken(NamedTuple):
    """How many changes were read; the outages they reach; since when, by company; which
    concentrators have power again."""

    changes: int
    outages: set[int]
    since: dict[int, datetime]
    returns: list[tuple[int, Change]]

    @property
    def is_all(self) -> bool:
        """Whether none is left to read."""
        return self.changes < AT_ONCE

    def note(self, company_id: int, began: datetime, outage: int | None = None) -> None:
        """An interruption of a company has changed, and with it its outage."""
        self.since[company_id] = min(began, self.since.get(company_id, began))
        if outage is not None:
            self.outages.add(outage)


class _Device(NamedTuple):
    company_id: int
    id: int


_Told = dict[_Device, list[Change]]
_Found = dict[_Device, list[Episode]]


def take(cursor: CursorWrapper, after: Place) -> Taken:
    """Read the next changes behind the horizon, and keep what they begin and end.

    Concentrators end theirs first and begin new ones last: so a meter that speaks of itself after
    its concentrator came back, or before it went dark, is taken at its word.
    """
    cursor.execute(_READ, [*after, AT_ONCE])
    rows = cursor.fetchall()
    taken = Taken(len(rows), set(), {}, [])
    if rows:
        told = _by_device(rows)
        concentrators = _episodes(cursor, "concentrator_id", told["concentrator_id"], taken)
        _say_themselves(cursor, told["meter_id"], concentrators)
        _end(cursor, "concentrator_id", concentrators, taken)
        taken.returns.extend(_returns(concentrators))
        meters = _episodes(cursor, "meter_id", told["meter_id"], taken)
        _end(cursor, "meter_id", meters, taken)
        _begin(cursor, "meter_id", meters)
        _begin(cursor, "concentrator_id", concentrators)
        cursors.advance(cursor, READER, Place(*rows[-1][:2]))
    return taken


def _by_device(rows: Iterable[tuple[Any, ...]]) -> dict[_Kind, _Told]:
    told: dict[_Kind, _Told] = {"meter_id": {}, "concentrator_id": {}}
    for _, _, company, concentrator, meter, *said in rows:
        by: _Kind = "concentrator_id" if meter is None else "meter_id"
        told[by].setdefault(_Device(company, meter or concentrator), []).append(Change(*said))
    return told


def _episodes(cursor: CursorWrapper, by: _Kind, told: _Told, taken: Taken) -> _Found:
    if not told:
        return {}
    cursor.execute(_OPEN.format(by=by, of=_OF[by]), [numbers(device.id for device in told)])
    known: dict[int, datetime] = dict(cursor.fetchall())
    found = {d: list(episodes(changes, known.get(d.id))) for d, changes in told.items()}
    for device, own in found.items():
        for episode in own[:1]:
            taken.note(device.company_id, episode.began)
    return found


def _say_themselves(cursor: CursorWrapper, meters: _Told, concentrators: _Found) -> None:
    """Meters of a dark concentrator that told of themselves before it came back."""
    dark = [(device.id, changes[0].at) for device, changes in meters.items() if changes[0].is_dark]
    lit = [(d.id, e.ended) for d, own in concentrators.items() for e in own[:1] if e.is_known]
    if dark:
        columns = [
            numbers(meter for meter, _ in dark),
            instants(at for _, at in dark),
            numbers(concentrator for concentrator, _ in lit),
            instants(ended for _, ended in lit),
        ]
        cursor.execute(_SAID_ITSELF, columns)


def _end(cursor: CursorWrapper, by: _Kind, found: _Found, taken: Taken) -> None:
    """End those that were open before."""
    ended = [(d, e) for d, own in found.items() for e in own if e.is_known and e.ended]
    if not ended:
        return
    columns = [
        numbers(device.id for device, _ in ended),
        instants(episode.ended for _, episode in ended),
        words(episode.ended_by for _, episode in ended),
    ]
    for whose in _ENDS[by]:
        cursor.execute(_ENDED.format(whose=whose), columns)
        taken.outages.update(outage for (outage,) in cursor.fetchall() if outage)


def _begin(cursor: CursorWrapper, by: _Kind, found: _Found) -> None:
    """Keep new ones; those that have ended already go first, one at most of a device is open."""
    begun = [(d, e) for d, own in found.items() for e in own if not e.is_known]
    if not begun:
        return
    columns = [
        numbers(device.company_id for device, _ in begun),
        numbers(device.id for device, _ in begun),
        instants(episode.began for _, episode in begun),
        instants(episode.ended for _, episode in begun),
        words(episode.ended_by for _, episode in begun),
    ]
    if by == "meter_id":
        cursor.execute(_OF_METER, columns)
        return
    cursor.execute(_OF_CONCENTRATOR, columns)
    cursor.execute(_BELOW_CONCENTRATOR, columns)


def _returns(concentrators: _Found) -> Iterator[tuple[int, Change]]:
    """Ends that are news."""
    for device, own in concentrators.items():
        for episode in own[:1]:
            if episode.is_known and episode.ended:
                yield device.id, Change(episode.ended, False, episode.ended_by)


def instants(moments: Iterable[datetime | None]) -> str:
    """An array of epoch seconds."""
    return numbers(moment.timestamp() if moment else None for moment in moments)
