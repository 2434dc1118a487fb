"""Technical configuration of a concentrator (companion profile 3.1, 5.3): object by object.

Spontaneous profile, time server, summer times, time zone. What the caller leaves out the order
takes over from the inventory and the settings when it is accepted (`workorders.preparing`). The
first one makes an installed concentrator initialised (design 7).
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from devices.drivers.duties import (
    Change,
    Duty,
    Ntp,
    ReadDstTable,
    ReadNtp,
    ReadSpontaneous,
    ReadTimeZone,
    SetDstTable,
    SetNtp,
    SetSpontaneous,
    SetTimeZone,
    Spontaneous,
)
from workorders.activities.orders import summer_times
from workorders.activities.orders.base import (
    Effect,
    Facts,
    NotDone,
    OrderActivity,
    ReadBack,
    Result,
    Steps,
)
from workorders.activities.orders.outcomes import done, failed, named
from workorders.activities.orders.parameters import (
    is_given,
    only,
    present,
    text,
    truth,
    unusable,
    whole,
)

SPONTANEOUS = (
    *("wake_up", "last_gasp", "meter_last_gasp", "wake_up_port", "last_gasp_port"),
    *("address", "period"),
)
PROFILE = "spontaneous_profile"
NTP = "ntp_active", "ntp_server", "ntp_port", "ntp_authentication"
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]{0,99}")
_LONGEST_PERIOD = 65_535  # minutes, u16
_HALF_DAY = 14 * 60  # minutes; no zone is further from UTC


@dataclass(frozen=True, slots=True)
class ConcentratorConfigured(Effect):
    """All its objects are as ordered: an installed concentrator becomes initialised, and has the
    spontaneous profile that the order named."""

    spontaneous_profile: str = ""


@dataclass(frozen=True, slots=True)
class _Object:
    """One object: how it is read, what it must be, and what writes it."""

    name: str
    read: Duty
    wanted: object
    write: Change


def _port(given: Mapping[str, Any], name: str) -> int:
    return whole(given, name, 1, 65_535)


def _address(given: Mapping[str, Any], name: str) -> str:
    cure = "give an IPv4 address, as 10.0.1.36"
    value = str(present(given, name, cure))
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError:
        raise unusable(name, value, cure) from None


def _server(given: Mapping[str, Any], name: str) -> str:
    """A host name or address, as it goes into an octet-string."""
    cure = "give a host name or an address, as ntp.example"
    value = present(given, name, cure)
    if not isinstance(value, str) or not _HOST.fullmatch(value):
        raise unusable(name, value, cure)
    return value


_PARSERS: dict[str, Callable[[Mapping[str, Any], str], object]] = {
    PROFILE: lambda given, name: text(given, name, 100),
    "wake_up": truth,
    "last_gasp": truth,
    "meter_last_gasp": truth,
    "wake_up_port": _port,
    "last_gasp_port": _port,
    "address": _address,
    "period": lambda given, name: whole(given, name, 1, _LONGEST_PERIOD),
    "ntp_active": truth,
    "ntp_server": _server,
    "ntp_port": _port,
    "ntp_authentication": lambda given, name: whole(given, name, 0, 2),
    "periods": summer_times.table,
    "time_zone": lambda given, name: whole(given, name, -_HALF_DAY, _HALF_DAY),
}


def parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """Each may be left out. `spontaneous_profile`: its new one, by name. `time_zone`: minutes to
    add to local normal time to get UTC."""
    only(given, *_PARSERS)
    return {name: _PARSERS[name](given, name) for name in _PARSERS if is_given(given, name)}


def _objects(parameters: Mapping[str, Any]) -> Iterator[_Object]:
    """In the order of the profile. A company without a time server leaves that object alone."""
    profile = Spontaneous(**{name: parameters[name] for name in SPONTANEOUS})
    yield _Object("PROFILE", ReadSpontaneous(), profile, SetSpontaneous(profile))
    if NTP[0] in parameters:
        active, server, *numbers = (parameters.get(name, "") for name in NTP)
        ntp = Ntp(active, server, *numbers)
        yield _Object("NTP", ReadNtp(), ntp, SetNtp(ntp))
    table = summer_times.periods(parameters["periods"])
    yield _Object("SUMMER TIME", ReadDstTable(), table, SetDstTable(table))
    zone = parameters["time_zone"]
    yield _Object("TIME ZONE", ReadTimeZone(), zone, SetTimeZone(zone))


def _steps(facts: Facts) -> Steps:
    """An object that is as ordered is not written again: it goes on at the first unequal one."""
    written = []
    for each in _objects(facts.parameters):
        if (yield each.read) == each.wanted:
            continue
        yield each.write
        if (yield each.read) != each.wanted:
            return failed(CONCENTRATOR_TECHNICAL_CONFIGURATION, f"{each.name} UNCHANGED")
        written.append(each.name)
    return _configured(facts, written=written)


def _read_back(facts: Facts) -> ReadBack:
    for each in _objects(facts.parameters):
        if (yield each.read) != each.wanted:
            return NotDone()
    return _configured(facts)


def _configured(facts: Facts, **values: object) -> Result:
    result = done(CONCENTRATOR_TECHNICAL_CONFIGURATION, **values)
    table = summer_times.ordered(facts.parameters)
    configured = ConcentratorConfigured(facts.parameters.get(PROFILE, ""))
    return replace(result, effects=(configured, table))


CONCENTRATOR_TECHNICAL_CONFIGURATION = OrderActivity(
    **named("concentrator_technical_configuration"),
    command="SET_LVC_CONFIG",
    parse=parse,
    steps=_steps,
    read_back=_read_back,
)
