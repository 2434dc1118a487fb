"""Maximum power on demand: one MP line per reading type (003 6.2.4; companion profile 5.1)."""

from collections.abc import Mapping
from typing import Any

from devices.drivers.duties import Maximum, ReadMaximum
from hes.domain.energies import ENERGIES
from hes.domain.reading_types import MAXIMUM_DEMANDS, MeterRegister
from hes.domain.records import MaximumPower
from workorders.activities.orders import reading_choice
from workorders.activities.orders.base import Facts, Line, OrderActivity, Steps
from workorders.activities.orders.outcomes import ended, named

_IMPORT = ENERGIES[0].code
_DEFAULT = next(
    code
    for code, register in MAXIMUM_DEMANDS.items()
    if register == MeterRegister(_IMPORT, tariff=0, previous=False)
)


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """`reading_types`: codes or aliases of maximum demands; none: that of active import."""
    return reading_choice.chosen(given, MAXIMUM_DEMANDS, _DEFAULT)


def _steps(facts: Facts) -> Steps:
    lines = []
    for code in facts.parameters[reading_choice.NAME]:
        register = MAXIMUM_DEMANDS[code]
        peak = yield ReadMaximum(register.energy, register.tariff, register.previous)
        lines.append(Line("MP", _peak(facts.mac, register, peak)))
    return (yield from ended(MAXIMUM_POWER, *lines))


def _peak(mac: bytes, register: MeterRegister, peak: Maximum) -> MaximumPower:
    return MaximumPower(
        mac=mac,
        at=peak.at,
        offset=peak.offset,
        power=peak.power,
        tariff=register.tariff,
        is_reverse=register.energy != _IMPORT,
        previous_period=register.previous,
    )


MAXIMUM_POWER = OrderActivity(
    **named("maximum_power"),
    command="READ_MAXPOWER",
    parse=_parse,
    steps=_steps,
)
