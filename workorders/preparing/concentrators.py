"""What orders of concentrators take over: spontaneous profile, time server, zone, summer times.

Values that the caller gave win; then come the spontaneous profile that the order names, else the
concentrator's in the inventory, and the settings. Address and ports stand in no profile. The year
is that of the database clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.db.backends.utils import CursorWrapper

from devices import reporting
from devices.parameters import Parameters, parameters_of
from hes.domain.dst import normal_offset, summer_times
from workorders.activities.orders.base import Rejected
from workorders.activities.orders.concentrator_technical_configuration import (
    NTP,
    PROFILE,
    SPONTANEOUS,
    parse,
)
from workorders.activities.orders.parameters import MISSING, unusable
from workorders.activities.orders.summer_times import FROM_ZONE, plain
from workorders.intake import Draft

Prepared = dict[str, Any] | Rejected
Profiles = Mapping[str, dict[str, Any]]

_OF_PROFILE = "wake_up", "last_gasp", "meter_last_gasp", "period"
_COLUMNS = "p.wake_up, p.last_gasp_concentrator, p.last_gasp_meter, p.period"
# `now` in the zone of the concentrator.
_INVENTORY = f"""
SELECT c.id, c.serial_number, coalesce(s.time_zone, o.time_zone), extract(year FROM now())::int,
    p.id IS NOT NULL, {_COLUMNS}
FROM concentrator c JOIN company o ON o.id = c.company_id
    LEFT JOIN substation s ON s.id = c.substation_id
    LEFT JOIN spontaneous_profile p ON p.id = c.spontaneous_profile_id
WHERE c.id = ANY(%s)
"""
_NAMED = f"""
SELECT p.name, {_COLUMNS} FROM spontaneous_profile p WHERE p.company_id = %s AND p.name = ANY(%s)
"""
_NOWHERE = "0.0.0.0"  # noqa: S104 - of a concentrator that never speaks by itself


class _Known:
    """What the inventory says of one concentrator."""

    def __init__(self, row: Sequence[Any]) -> None:
        _, self.serial, zone, self.year, has_profile, *profile = row
        self._zone = ZoneInfo(zone)
        self.profile = dict(zip(_OF_PROFILE, profile, strict=True)) if has_profile else {}

    def with_periods(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters with summer times: those given, else the zone's of this and next year."""
        if "periods" in given:
            return dict(given)
        zones = summer_times(self._zone, self.year, self.year + 1)
        return {**given, "periods": [plain(*each) for each in zones], FROM_ZONE: True}

    def time_zone(self) -> int:
        """Minutes to add to local normal time to get UTC."""
        return -normal_offset(self._zone, self.year)


def dst(cursor: CursorWrapper, _: int, drafts: Sequence[Draft]) -> Sequence[Prepared]:
    """The summer times of the zone where none are given."""
    return [known.with_periods(draft.parameters) for draft, known in _each(cursor, drafts)]


def technical_configuration(
    cursor: CursorWrapper, company: int, drafts: Sequence[Draft]
) -> Sequence[Prepared]:
    """Every object whole, or why one cannot be."""
    settings, named = parameters_of(company), _named(cursor, company, drafts)
    return [
        _configuration(draft.parameters, known, named, settings)
        for draft, known in _each(cursor, drafts)
    ]


def _named(cursor: CursorWrapper, company: int, drafts: Sequence[Draft]) -> Profiles:
    """The company's profiles that orders name."""
    names = {draft.parameters[PROFILE] for draft in drafts if PROFILE in draft.parameters}
    cursor.execute(_NAMED, [company, list(names)])
    return {
        name: dict(zip(_OF_PROFILE, profile, strict=True)) for name, *profile in cursor.fetchall()
    }


def _configuration(
    given: Mapping[str, Any], known: _Known, named: Profiles, settings: Parameters
) -> Prepared:
    name = given.get(PROFILE)
    if name is not None and name not in named:
        return unusable(PROFILE, name, "give one that `hes spontaneous-profile list` shows")
    profile = known.profile if name is None else named[name]
    whole = {"time_zone": known.time_zone(), **_reporting(settings), **profile, **given}
    whole |= _ntp(given, settings)
    if not whole["address"]:
        speaks = any(whole.get(flag, True) for flag in SPONTANEOUS[:3])
        whole["address"] = None if speaks else _NOWHERE
    return _whole(whole, known)


def _whole(whole: dict[str, Any], known: _Known) -> Prepared:
    lacking = [name for name in SPONTANEOUS if whole.get(name) is None]
    if whole.get("ntp_active") and not whole.get("ntp_server"):
        lacking.append("ntp_server")
    if lacking:
        return Rejected(MISSING, _cure(lacking[0], known))
    try:
        return known.with_periods(parse(whole))
    except Rejected as refused:
        return refused


def _reporting(settings: Parameters) -> dict[str, Any]:
    """Where it reports to."""
    to = reporting.of_company(settings)
    return {
        "address": to.address,
        "wake_up_port": to.wake_up_port,
        "last_gasp_port": to.last_gasp_port,
    }


def _cure(name: str, known: _Known) -> str:
    if name == "ntp_server":
        cure = "give it, or set it as setting ntp_server"
    elif name == "address":
        cure = "give it, or set HES_SPONTANEOUS_ADDRESS, or the company's setting listener_address"
    else:
        cure = f"give it, or give concentrator {known.serial} a spontaneous profile (template 7)"
    return f"parameter {name} is missing - {cure}"


def _ntp(given: Mapping[str, Any], settings: Parameters) -> dict[str, Any]:
    """The time server; nothing where neither the caller nor the company names one."""
    server = given.get("ntp_server", settings.text("ntp_server"))
    if not server and not any(name in given for name in NTP):
        return {}
    usual = {
        "ntp_active": bool(server),
        "ntp_server": server,
        "ntp_port": settings.number("ntp_port"),
        "ntp_authentication": settings.number("ntp_authentication"),
    }
    return usual | {name: given[name] for name in NTP if name in given}


def _each(cursor: CursorWrapper, drafts: Sequence[Draft]) -> Iterator[tuple[Draft, _Known]]:
    """Every draft with what is known of its concentrator: one query for all."""
    asked = [(draft, draft.place.concentrator) for draft in drafts if draft.place]
    cursor.execute(_INVENTORY, [[concentrator for _, concentrator in asked]])
    known = {row[0]: _Known(row) for row in cursor.fetchall()}
    return ((draft, known[concentrator]) for draft, concentrator in asked if concentrator)
