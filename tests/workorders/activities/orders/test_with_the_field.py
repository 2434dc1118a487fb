"""Every activity over a real socket: the driver and the simulated field carry out its duties."""

from contextlib import AsyncExitStack

import pytest

from devices.drivers.base import FieldError
from devices.drivers.duties import By, Duty
from tests.devices.drivers.cosem.simulated import FIRST, NOW, field, keys_of, opened
from tests.workorders.activities.orders.model import OFFSET, ORDER, PARAMETERS, PREPARED
from workorders.activities.orders.base import DrawTransaction, Facts, OrderActivity, Result
from workorders.activities.orders.registry import ACTIVITIES

METER = FIRST.meters[0]
# tests/flows/test_key_orders.py, tests/flows/test_life_cycle.py
WITH_A_KEY_STORE = {
    "key_rotation", "mutual_authentication", "commissioning", "verify_commissioning",
    "meter_technical_configuration", "decommissioning",
}  # fmt: skip
CARRIED_OUT = [each for each in ACTIVITIES.values() if each.kind not in WITH_A_KEY_STORE]


class Hands:
    """Carries out duties over one session; the meter is associated when a duty first wants it."""

    def __init__(self, session, stack: AsyncExitStack) -> None:
        self._session, self._stack = session, stack
        self._line = None

    async def perform(self, duty: Duty):
        if isinstance(duty, DrawTransaction):
            return 9
        if duty.by is By.HEAD_END:  # nothing goes to a device
            return None
        if duty.by is By.CONCENTRATOR:
            return await self._session.perform(duty, ORDER)
        if self._line is None:
            opening = self._session.meter(METER.mac, keys_of(METER))
            self._line = await self._stack.enter_async_context(opening)
        return await self._line.perform(duty, ORDER)


async def carried_out(session, activity: OrderActivity) -> tuple[Result, list[Result]]:
    """Result of the order, and the verdict of a read-back right after it."""
    given = activity.parse(PARAMETERS.get(activity.kind, {})) | PREPARED.get(activity.kind, {})
    facts = Facts(ORDER, METER.mac, NOW, OFFSET, given, transaction=9, transaction_before=0)
    read_back = [activity.read_back(facts)] if activity.read_back else []
    async with AsyncExitStack() as stack:
        hands = Hands(session, stack)
        result = await driven(hands, activity.steps(facts))
        return result, [await driven(hands, steps) for steps in read_back]


async def driven(hands: Hands, steps) -> Result:
    proceed = steps.send, None
    while True:
        try:
            duty = proceed[0](proceed[1])
        except StopIteration as end:
            return end.value
        try:
            proceed = steps.send, await hands.perform(duty)
        except FieldError as error:
            proceed = steps.throw, error


@pytest.mark.parametrize("activity", CARRIED_OUT, ids=lambda activity: activity.kind)
async def test_an_order_is_carried_out_and_found_done_by_its_read_back(activity):
    async with field() as running:
        session = await opened(running)
        try:
            result, found = await carried_out(session, activity)
        finally:
            await session.close()
    assert (result.is_good, result.text) == (True, "OK")
    assert [(verdict.is_good, verdict.text) for verdict in found] == [(True, "OK")] * len(found)
    if activity.is_commercial and activity.kind != "outage_check":
        assert "alarm_word" in result.values
        assert result.breaker is not None
