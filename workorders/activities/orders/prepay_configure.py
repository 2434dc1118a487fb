"""Prepayment on, with its thresholds (003 6.3 3.20.81.26; companion profile 5.1)."""

from collections.abc import Mapping
from typing import Any

from devices.drivers.duties import SetPrepayment
from workorders.activities.orders import prepayment
from workorders.activities.orders.base import Facts, OrderActivity, ReadBack, Steps
from workorders.activities.orders.outcomes import named
from workorders.activities.orders.parameters import LONGEST_I32, only, optional_whole


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """`warning` and `limit` in Wh, each left as it is where it is not given."""
    only(given, "warning", "limit")
    return {
        name: optional_whole(given, name, -LONGEST_I32, LONGEST_I32)
        for name in ("warning", "limit")
    }


def _wanted(facts: Facts) -> SetPrepayment:
    thresholds = facts.parameters
    return SetPrepayment(prepayment.PREPAYMENT, thresholds["warning"], thresholds["limit"])


def _steps(facts: Facts) -> Steps:
    return prepayment.ordered(PREPAY_CONFIGURE, _wanted(facts))


def _read_back(facts: Facts) -> ReadBack:
    return prepayment.found(PREPAY_CONFIGURE, _wanted(facts))


PREPAY_CONFIGURE = OrderActivity(
    **named("prepay_configure"),
    command="PREPAY_CONFIG",
    parse=_parse,
    steps=_steps,
    read_back=_read_back,
)
