"""Disconnect control in mode 4 (a remote reconnection closes at once), limiter, contract power."""

from devices.protocol.axdr import U32, Data, Enum
from devices.protocol.errors import DataAccess
from devices.simulator.holdings import CONNECTED, DISCONNECTED
from devices.simulator.objects import DATA, ObjectTree
from devices.simulator.orders.inside import Inside

CONTROL, LIMITER = 70, 71
MODE = Enum(4)
BREAKER, LIMIT, CONTRACT = "0.0.96.3.10", "0.0.17.0.0", "0.0.96.60.0"


def install(tree: ObjectTree, inside: Inside) -> None:
    """Output, control state and mode; active and normal threshold; contract power."""
    held = inside.holding

    def move(state: int) -> DataAccess:
        held.control = state
        return DataAccess.SUCCESS

    def open_it(_: Data) -> DataAccess:
        return move(DISCONNECTED)

    def close_it(_: Data) -> DataAccess:
        return move(CONNECTED)

    tree.value(CONTROL, BREAKER, 2, lambda: held.control == CONNECTED)
    tree.value(CONTROL, BREAKER, 3, lambda: Enum(held.control))
    tree.value(CONTROL, BREAKER, 4, lambda: MODE)
    tree.method(CONTROL, BREAKER, 1, open_it)
    tree.method(CONTROL, BREAKER, 2, close_it)
    tree.value(LIMITER, LIMIT, 3, lambda: U32(held.normal))
    tree.value(LIMITER, LIMIT, 4, lambda: U32(held.normal))
    tree.change(LIMITER, LIMIT, 4, inside.integer("normal"))
    tree.value(DATA, CONTRACT, 2, lambda: U32(held.contract))
    tree.change(DATA, CONTRACT, 2, inside.integer("contract"))
