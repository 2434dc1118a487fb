"""Technical configuration of a concentrator: its spontaneous profile (profile 3.1, 5.3)."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from devices.drivers.duties import ReadSpontaneous, SetSpontaneous, Spontaneous
from workorders.activities.orders.base import Facts, NotDone, OrderActivity, ReadBack, Steps
from workorders.activities.orders.outcomes import done, failed, named
from workorders.activities.orders.parameters import only, present, truth, unusable, whole

_SWITCHES = ("wake_up", "last_gasp", "meter_last_gasp")
_PORTS = ("wake_up_port", "last_gasp_port")
_LONGEST_PERIOD = 65_535  # minutes, u16


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of Spontaneous: where the concentrator speaks to, and when; all must be given."""
    only(given, *_SWITCHES, *_PORTS, "address", "period")
    return {
        **{name: truth(given, name) for name in _SWITCHES},
        **{name: whole(given, name, 1, 65_535) for name in _PORTS},
        "address": _address(given),
        "period": whole(given, "period", 1, _LONGEST_PERIOD),
    }


def _address(given: Mapping[str, Any]) -> str:
    cure = "give an IPv4 address, as 10.0.1.36"
    value = str(present(given, "address", cure))
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError:
        raise unusable("address", value, cure) from None


def _wanted(facts: Facts) -> Spontaneous:
    return Spontaneous(**facts.parameters)


def _steps(facts: Facts) -> Steps:
    """A profile that is as ordered is not written again."""
    wanted = _wanted(facts)
    if (yield ReadSpontaneous()) == wanted:
        return done(CONCENTRATOR_TECHNICAL_CONFIGURATION)
    yield SetSpontaneous(wanted)
    if (yield ReadSpontaneous()) != wanted:
        return failed(CONCENTRATOR_TECHNICAL_CONFIGURATION, "PROFILE UNCHANGED")
    return done(CONCENTRATOR_TECHNICAL_CONFIGURATION)


def _read_back(facts: Facts) -> ReadBack:
    profile = yield ReadSpontaneous()
    is_equal = profile == _wanted(facts)
    return done(CONCENTRATOR_TECHNICAL_CONFIGURATION) if is_equal else NotDone()


CONCENTRATOR_TECHNICAL_CONFIGURATION = OrderActivity(
    **named("concentrator_technical_configuration"),
    command="SET_LVC_CONFIG",
    parse=_parse,
    steps=_steps,
    read_back=_read_back,
)
