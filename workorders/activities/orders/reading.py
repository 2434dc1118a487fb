"""Reading on demand: registers by reading type (003 5.6, 6.2.1; companion profile 5.1).

One answer holds the total and the six tariffs of an energy: reading types of one energy and period
are one line, R for the current and DC for the previous period.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from devices.drivers.duties import ReadRegisters
from hes.domain.energies import ENERGIES
from hes.domain.reading_types import ENERGY_REGISTERS, MeterRegister
from workorders.activities.orders import reading_choice
from workorders.activities.orders.base import Facts, Line, OrderActivity, Steps
from workorders.activities.orders.outcomes import ended, named

_DEFAULT = next(
    code
    for code, register in ENERGY_REGISTERS.items()
    if register == MeterRegister(ENERGIES[0].code, tariff=0, previous=False)
)


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """`reading_types`: codes or aliases of energy registers; none: total of active import."""
    return reading_choice.chosen(given, ENERGY_REGISTERS, _DEFAULT)


def _duties(facts: Facts) -> Iterator[ReadRegisters]:
    """Each pair of energy and period once, in the order asked."""
    registers = [ENERGY_REGISTERS[code] for code in facts.parameters[reading_choice.NAME]]
    pairs = dict.fromkeys((register.energy, register.previous) for register in registers)
    return (ReadRegisters(energy, previous) for energy, previous in pairs)


def _steps(facts: Facts) -> Steps:
    lines = []
    for duty in _duties(facts):
        registers = yield duty
        lines.append(Line("DC" if duty.previous else "R", registers))
    return (yield from ended(READING, *lines))


READING = OrderActivity(
    **named("reading"),
    command="READ_ACTIVEIMPORT_CURRENTPERIOD",
    parse=_parse,
    steps=_steps,
)
