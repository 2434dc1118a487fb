"""Every activity over a real socket: the driver and the simulated field carry out its duties."""

import pytest

from devices.drivers.base import FieldError
from tests.devices.drivers.cosem.simulated import FIRST, NOW, field, keys_of, opened
from tests.workorders.activities.orders.model import OFFSET, ORDER, PARAMETERS
from workorders.activities.orders.base import DrawTransaction, Facts, OrderActivity, Result, Target
from workorders.activities.orders.registry import ACTIVITIES

METER = FIRST.meters[0]


async def carried_out(session, activity: OrderActivity) -> tuple[Result, list[Result]]:
    """Result of the order, and the verdict of a read-back right after it."""
    given = activity.parse(PARAMETERS.get(activity.kind, {}))
    facts = Facts(ORDER, METER.mac, NOW, OFFSET, given, transaction=9, transaction_before=0)
    read_back = [activity.read_back(facts)] if activity.read_back else []
    if activity.performed_by is Target.CONCENTRATOR:
        result = await driven(session, activity.steps(facts))
        return result, [await driven(session, steps) for steps in read_back]
    async with session.meter(METER.mac, keys_of(METER)) as line:
        result = await driven(line, activity.steps(facts))
        return result, [await driven(line, steps) for steps in read_back]


async def driven(performer, steps) -> Result:
    proceed = steps.send, None
    while True:
        try:
            duty = proceed[0](proceed[1])
        except StopIteration as end:
            return end.value
        try:
            is_ours = isinstance(duty, DrawTransaction)
            proceed = steps.send, 9 if is_ours else await performer.perform(duty, ORDER)
        except FieldError as error:
            proceed = steps.throw, error


@pytest.mark.parametrize("activity", ACTIVITIES.values(), ids=lambda activity: activity.kind)
async def test_an_order_is_carried_out_and_found_done_by_its_read_back(activity):
    async with field() as running:
        session = await opened(running)
        try:
            result, found = await carried_out(session, activity)
        finally:
            await session.close()
    assert (result.is_good, result.text) == (True, "OK")
    assert [(verdict.is_good, verdict.text) for verdict in found] == [(True, "OK")] * len(found)
    if activity.is_commercial and activity.performed_by is Target.METER:
        assert "alarm_word" in result.values
        assert result.breaker is not None
