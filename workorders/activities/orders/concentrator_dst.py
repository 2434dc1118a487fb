"""Summer times of a concentrator: the whole table (001 2.4; companion profile 3.1, 5.3).

Without `periods` the order takes over those of its zone, for this and next year, when it is
accepted (`workorders.preparing`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from devices.drivers.duties import ReadDstTable, SetDstTable
from workorders.activities.orders import summer_times
from workorders.activities.orders.base import (
    Facts,
    NotDone,
    OrderActivity,
    ReadBack,
    Result,
    Steps,
)
from workorders.activities.orders.outcomes import done, failed, named
from workorders.activities.orders.parameters import is_given, only


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """`periods`: pairs of begin and end, oldest first; an empty list clears the table."""
    only(given, "periods")
    return {"periods": summer_times.table(given, "periods")} if is_given(given, "periods") else {}


def _steps(facts: Facts) -> Steps:
    """A table that is as ordered is not written again."""
    wanted = summer_times.periods(facts.parameters["periods"])
    if (yield ReadDstTable()) == wanted:
        return _done(facts)
    yield SetDstTable(wanted)
    if (yield ReadDstTable()) != wanted:
        return failed(CONCENTRATOR_DST, "SUMMER TIME UNCHANGED")
    return _done(facts)


def _read_back(facts: Facts) -> ReadBack:
    table = yield ReadDstTable()
    is_equal = table == summer_times.periods(facts.parameters["periods"])
    return _done(facts) if is_equal else NotDone()


def _done(facts: Facts) -> Result:
    return replace(done(CONCENTRATOR_DST), effects=(summer_times.ordered(facts.parameters),))


CONCENTRATOR_DST = OrderActivity(
    **named("concentrator_dst"),
    command="SET_LVC_DST",
    parse=_parse,
    steps=_steps,
    read_back=_read_back,
)
