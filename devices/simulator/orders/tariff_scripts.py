"""Tariff scripts: script n makes tariff n the current one (companion profile 4.2).

That the current tariff is one byte, and stays until another script, is *assumed*; it does not move
the energy of our curves between the registers.
"""

from devices.protocol import expect
from devices.protocol.axdr import I8, U16, Data, Enum
from devices.protocol.errors import DataAccess
from devices.protocol.obis import parse
from devices.protocol.objects import ScriptTable
from devices.simulator import readings
from devices.simulator.objects import DATA, ObjectTree
from devices.simulator.orders.inside import Inside

NAME, CURRENT = "0.0.10.0.100", "0.0.96.14.0"
NUMBERS = range(1, readings.TARIFFS + 1)
WRITE = Enum(1)


def install(tree: ObjectTree, inside: Inside) -> None:
    """The table, its method, and the tariff that is current."""
    held = inside.holding

    def current() -> bytes:
        return bytes((held.tariff or readings.tariff_at(inside.clock),))

    def execute(value: Data) -> DataAccess:
        number = expect.integer(value, "script")
        if number not in NUMBERS:
            return DataAccess.OBJECT_UNAVAILABLE
        held.tariff = number
        return DataAccess.SUCCESS

    scripts: list[Data] = [_script(number) for number in NUMBERS]
    tree.value(ScriptTable.CLASS_ID, NAME, ScriptTable.SCRIPTS, lambda: scripts)
    tree.method(ScriptTable.CLASS_ID, NAME, ScriptTable.EXECUTE, execute)
    tree.value(DATA, CURRENT, 2, current)


def _script(number: int) -> Data:
    """st{number, actions}; an action writes the tariff into the object that shows it."""
    action: Data = (WRITE, U16(DATA), parse(CURRENT), I8(2), bytes((number,)))
    return U16(number), [action]
