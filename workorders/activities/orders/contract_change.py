"""Contract change: contract power with its limit, and the tariff calendar (companion profile 5.1).

Either may be changed alone. A calendar that is active already is not written again.
"""

import json
from collections.abc import Mapping
from typing import Any

from devices.drivers.duties import ReadTariff, SetCalendar, SetContract, SetThreshold, Tariff
from workorders.activities.orders.base import (
    Facts,
    NotDone,
    OrderActivity,
    ReadBack,
    Rejected,
    Steps,
)
from workorders.activities.orders.outcomes import ended, failed, named
from workorders.activities.orders.parameters import (
    MISSING,
    is_given,
    only,
    optional_whole,
    text,
    unusable,
)

_HIGHEST = 10_000_000  # W, assumed: more is a slip of the pen
_LONGEST_NAME = 32  # assumed
_LONGEST_TABLES = 20_000  # characters, assumed
_TABLES = ("seasons", "weeks", "days")


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """`contract_power` in W and `calendar` (a name), at least one of them.

    With a calendar its `tables` may come: the JSON of the released tariff (SetCalendar).
    """
    only(given, "contract_power", "calendar", "tables")
    power = optional_whole(given, "contract_power", 1, _HIGHEST)
    calendar = text(given, "calendar", _LONGEST_NAME) if is_given(given, "calendar") else None
    if power is None and calendar is None:
        cure = "give contract_power in W, calendar, or both"
        raise Rejected(MISSING, f"parameter contract_power is missing - {cure}")
    tables = _tables(given) if is_given(given, "tables") else ""
    if tables and calendar is None:
        raise Rejected(MISSING, "parameter calendar is missing - name the calendar of the tables")
    return {"contract_power": power, "calendar": calendar, "tables": tables}


def _tables(given: Mapping[str, Any]) -> str:
    """The outline only; how seasons, weeks and days are written is the driver's knowledge."""
    value = given["tables"]
    cure = "give the JSON of a released tariff with seasons, weeks and days"
    if not isinstance(value, str) or len(value) > _LONGEST_TABLES:
        raise unusable("tables", value, cure)
    try:
        tariff = json.loads(value)
    except (ValueError, RecursionError):
        raise unusable("tables", value, cure) from None
    if not isinstance(tariff, dict) or not all(tariff.get(name) for name in _TABLES):
        raise unusable("tables", value, cure)
    return value


def _steps(facts: Facts) -> Steps:
    power, calendar = facts.parameters["contract_power"], facts.parameters["calendar"]
    if power is not None:
        yield SetContract(power)
        yield SetThreshold(power)
    tariff = yield ReadTariff()
    if calendar is not None and tariff.calendar != calendar:
        yield SetCalendar(calendar, facts.parameters["tables"])
        tariff = yield ReadTariff()
    if not _is_as_ordered(facts, tariff):
        return failed(CONTRACT_CHANGE, "CONTRACT OR CALENDAR UNCHANGED")
    return (yield from ended(CONTRACT_CHANGE))


def _read_back(facts: Facts) -> ReadBack:
    tariff = yield ReadTariff()
    if not _is_as_ordered(facts, tariff):
        return NotDone()
    return (yield from ended(CONTRACT_CHANGE))


def _is_as_ordered(facts: Facts, tariff: Tariff) -> bool:
    """The limit counts too: between contract and limit the answer may have been lost."""
    power, calendar = facts.parameters["contract_power"], facts.parameters["calendar"]
    has_power = power is None or power == tariff.contract == tariff.normal
    return has_power and calendar in (None, tariff.calendar)


CONTRACT_CHANGE = OrderActivity(
    **named("contract_change"),
    command="SET_CONTRACT",
    parse=_parse,
    steps=_steps,
    read_back=_read_back,
)
