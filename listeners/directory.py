"""Who speaks: the devices that the messages of one batch may come from; few queries for all.

A serial is matched as it is, else with one zero more in its running number, else by the address it
came from; never by a guess between two (research/field-protocols 4.1).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.backends.utils import CursorWrapper

from devices.protocol.spontaneous import SERIAL_SIZE, Kind, Message
from hes.lib.arrays import octets
from listeners.serials import is_same, without_zeros


class Concentrator(NamedTuple):
    """As messages need it; `name` is what lines print."""

    id: int
    company_id: int
    serial: str
    name: str
    host: str
    zone: str

    @property
    def clock(self) -> ZoneInfo:
        """The zone of its clock."""
        return _zone(self.zone)


class Meter(NamedTuple):
    """As messages need it: `pod` and `concentrator_id` (None: under none) as of now."""

    id: int
    company_id: int
    serial: str
    mac: bytes
    pod: str
    concentrator_id: int | None


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def speaks_for_itself(message: Message) -> bool:
    """Whether a meter pushes: of other meters their concentrators tell, by MAC address."""
    return not message.mac and message.kind in (Kind.METER_LOST, Kind.METER_ALARM)


_CONCENTRATORS = """
SELECT c.id, c.company_id, c.serial_number, coalesce(nullif(c.name, ''), c.serial_number), c.host,
       coalesce(s.time_zone, o.time_zone)
FROM concentrator c JOIN company o ON o.id = c.company_id
    LEFT JOIN substation s ON s.id = c.substation_id
WHERE c.state <> 'removed' AND {condition}
"""
_BY_SERIAL = _CONCENTRATORS.format(condition="replace(c.serial_number, '0', '') = ANY(%s::text[])")
_BY_HOST = _CONCENTRATORS.format(condition="c.host <> '' AND c.host = ANY(%s::text[])")
_BY_ID = _CONCENTRATORS.format(condition="c.id = ANY(%s::bigint[])")
# Ids are looked up as arrays: a join of the tables would be planned as scans of them whole.
_METERS = """
WITH named AS MATERIALIZED (
    SELECT id, company_id, serial_number, mac_address FROM meter WHERE {condition}
), ids AS MATERIALIZED (SELECT array_agg(id) AS ids FROM named)
SELECT m.id, m.company_id, m.serial_number, m.mac_address, coalesce(u.name, ''), a.concentrator_id
FROM named m
    LEFT JOIN (SELECT meter_id, concentrator_id FROM association
               WHERE meter_id = ANY((SELECT ids FROM ids)::bigint[])
                 AND validity @> statement_timestamp()) a ON a.meter_id = m.id
    LEFT JOIN (SELECT i.meter_id, u.name
               FROM meter_installation i JOIN usage_point u ON u.id = i.usage_point_id
               WHERE i.meter_id = ANY((SELECT ids FROM ids)::bigint[])
                 AND i.validity @> statement_timestamp()) u ON u.meter_id = m.id
"""
_BY_MAC = _METERS.format(condition="mac_address = ANY(%s::bytea[])")
_BY_METER_SERIAL = _METERS.format(condition="serial_number = ANY(%s::text[])")


class Directory:
    """Looks up once for all messages; then answers from memory."""

    def __init__(self, cursor: CursorWrapper, messages: Sequence[tuple[Message, str]]) -> None:
        """`messages` with the addresses they came from."""
        spoken = {(message.serial, source) for message, source in messages}
        said = {serial for serial, _ in spoken}
        self._meters = _meters(cursor, [message for message, _ in messages])
        self._concentrators: dict[int, Concentrator] = {}
        self._by_key: dict[str, list[Concentrator]] = defaultdict(list)
        for found in _look(cursor, _BY_SERIAL, {without_zeros(serial) for serial in said}):
            self._concentrators[found.id] = found
            self._by_key[without_zeros(found.serial)].append(found)
        self._by_serial = {serial: self._spelled(serial) for serial in said}
        self._by_host: dict[str, list[Concentrator]] = defaultdict(list)
        for found in _look(cursor, _BY_HOST, self._strange(spoken)):
            self._by_host[found.host].append(found)
        for found in _look(cursor, _BY_ID, self._unnamed()):
            self._concentrators[found.id] = found

    def concentrators(self, serial: str) -> list[Concentrator]:
        """Those that the serial of a message may mean."""
        return self._by_serial.get(serial, [])

    def at(self, address: str) -> list[Concentrator]:
        """Those with this address; asked only of addresses that no serial explains."""
        return self._by_host.get(address, [])

    def meter(self, name: bytes | str) -> Meter | None:
        """By MAC address or serial."""
        return self._meters.get(name)

    def concentrator_of(self, meter: Meter) -> Concentrator | None:
        """Under which a meter is that speaks for itself."""
        return self._concentrators.get(meter.concentrator_id or 0)

    def _spelled(self, serial: str) -> list[Concentrator]:
        """The one with this very serial, else all that differ by the zero."""
        near = self._by_key.get(without_zeros(serial), [])
        if exact := [one for one in near if one.serial == serial]:
            return exact
        if len(serial) != SERIAL_SIZE:
            return []
        return [one for one in near if is_same(serial, one.serial)]

    def _strange(self, spoken: Iterable[tuple[str, str]]) -> set[str]:
        """Addresses that are not those of the concentrators named; of serials and addresses."""
        return {
            source
            for serial, source in spoken
            if not any(one.host == source for one in self.concentrators(serial))
        }

    def _unnamed(self) -> set[int]:
        """Concentrators of meters that speak for themselves."""
        own = {
            meter.concentrator_id for name, meter in self._meters.items() if name == meter.serial
        }
        return {one for one in own if one is not None} - self._concentrators.keys()


def _look(cursor: CursorWrapper, sql: str, wanted: Iterable[object]) -> list[Concentrator]:
    asked = list(wanted)
    if not asked:
        return []
    cursor.execute(sql, [asked])
    return [Concentrator(*row) for row in cursor.fetchall()]


def _meters(cursor: CursorWrapper, messages: Sequence[Message]) -> dict[bytes | str, Meter]:
    """By MAC address those told of, by serial those that speak for themselves."""
    found: dict[bytes | str, Meter] = {}
    if macs := {message.mac for message in messages if message.mac}:
        cursor.execute(_BY_MAC, [octets(macs)])
        found |= {meter.mac: meter for meter in map(_meter, cursor.fetchall())}
    if serials := {message.serial for message in messages if speaks_for_itself(message)}:
        cursor.execute(_BY_METER_SERIAL, [list(serials)])
        found |= {meter.serial: meter for meter in map(_meter, cursor.fetchall())}
    return found


def _meter(row: Sequence[Any]) -> Meter:
    pk, company_id, serial, mac, pod, concentrator_id = row
    return Meter(pk, company_id, serial, bytes(mac), pod, concentrator_id)
