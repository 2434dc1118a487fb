"""What lost answers, silent nodes and refusals leave behind: the meter counts what it did."""

import asyncio

import pytest

from devices.drivers.base import NodeSilent, Refused, Timeout
from devices.drivers.cosem.driver import CosemDriver
from devices.drivers.duties import (
    EnterCredit,
    OpenBreaker,
    Post,
    ReadBreaker,
    ReadCredit,
    ReadJobs,
    SetThreshold,
)
from devices.simulator.device import FieldOptions
from tests.devices.drivers.cosem.device import Device as Bare
from tests.devices.drivers.cosem.device import credentials, patient, serving
from tests.devices.drivers.cosem.rows import MAC
from tests.devices.drivers.cosem.simulated import (
    FIRST,
    METER,
    NOW,
    ORDER,
    at_concentrator,
    executions,
    faulty,
    field,
    keys_of,
    opened,
    performed,
)

OPEN, ENTER = "70·0.0.96.3.10!1", "115·0.0.19.40.0!1"


@pytest.mark.parametrize("fault", ["lose_answer", "drop_change"])
async def test_a_lost_answer_is_a_timeout_and_the_meter_knows_whether_it_obeyed(fault):
    async with faulty(fault) as running:
        with pytest.raises(Timeout):
            await performed(running, OpenBreaker())
        executed = executions(running)
        (breaker,) = await performed(running, ReadBreaker())
    assert executed == ({OPEN: 1} if fault == "lose_answer" else {})
    assert breaker.control == (0 if executed else 1)


async def test_an_answer_that_comes_too_late_is_a_timeout_after_the_execution():
    async with faulty("late_answer", 5) as running:
        session = await opened(running, tags=True)
        with pytest.raises(Timeout, match="TB_ACK_191"):
            async with session.meter(METER.mac, keys_of(METER), 0.3) as meter:
                await meter.perform(OpenBreaker(), ORDER)
        await session.close()
        assert executions(running) == {OPEN: 1}


async def test_a_change_on_its_way_is_carried_out_before_the_next_visit_reads():
    slow = FieldOptions(answer_share=1.0, now=lambda: float(NOW), plc_factor=0.1)
    async with field(slow) as running:
        session = await opened(running)
        async with session.meter(METER.mac, keys_of(METER)) as meter:
            sent = asyncio.create_task(meter.perform(OpenBreaker()))
            await asyncio.sleep(0.01)
            sent.cancel()
            await asyncio.wait([sent])
            session._line.transport.close()  # as if the worker were killed
        assert running.holdings.meter(METER).control == 1
        (breaker,) = await performed(running, ReadBreaker())
    assert breaker.control == 0


@pytest.mark.parametrize(("fault", "delivered"), [("silent_before", False), ("silent_after", True)])
async def test_a_silent_node_tells_whether_the_change_was_delivered(fault, delivered):
    async with faulty(fault) as running:
        with pytest.raises(NodeSilent) as raised:
            await performed(running, OpenBreaker())
        assert raised.value.delivered is delivered
        assert executions(running) == ({OPEN: 1} if delivered else {})


@pytest.mark.parametrize(
    ("fault", "result", "executed"),
    [
        ("refuse_change", 3, False), ("refuse_change", 2, False), ("refuse_change", 12, False),
        ("refuse_change", 1, None), ("refuse_change", 250, None),
        ("refuse_and_execute", 1, None), ("refuse_and_execute", 250, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("duty", [OpenBreaker(), SetThreshold(100)], ids=["action", "set"])
async def test_a_refusal_is_clean_or_leaves_open_what_happened(fault, result, executed, duty):
    async with faulty(fault, result) as running:
        with pytest.raises(Refused) as raised:
            await performed(running, duty)
        number = 199 if result == 250 else 100 + result
        assert raised.value.text.startswith(f"[TB_ACK_{number}]")
        assert raised.value.executed is executed
        assert bool(executions(running)) is (fault == "refuse_and_execute")


async def test_a_charge_whose_answer_was_lost_is_added_once_however_often_it_is_sent():
    async with faulty("lose_answer", 2) as running:
        for _ in range(2):
            with pytest.raises(Timeout):
                await performed(running, EnterCredit(5, 1_000))
        _, credit = await performed(running, EnterCredit(5, 1_000), ReadCredit())
        assert executions(running) == {ENTER: 1}
    assert credit.amount == 1_000


async def test_a_change_is_never_repeated_by_the_driver():
    async with faulty("refuse_change", 2, times=9) as running:
        with pytest.raises(Refused, match="TEMPORARY FAILURE"):
            await performed(running, OpenBreaker())
        (fault,) = running.device(FIRST.serial).change_faults
        assert fault._seen == 1


async def test_a_job_that_is_posted_again_succeeds_without_a_second_run():
    async with faulty("lose_answer") as running:
        with pytest.raises(Timeout):
            await at_concentrator(running, Post(10, 77))
        _, jobs = await at_concentrator(running, Post(10, 77), ReadJobs())
        held = running.holdings.concentrator(FIRST.serial)
        assert (held.runs, held.wake_ups) == ({"77": 1}, 1)
    assert len(jobs) == 1


async def test_a_concentrator_without_a_gateway_result_leaves_delivery_open():
    async with serving(Bare()) as endpoint:
        session = await CosemDriver(pause=0.01).open(endpoint, credentials(), patient())
        with pytest.raises(NodeSilent) as raised:
            async with session.meter(MAC, credentials()):
                raise AssertionError("nobody answers")
        await session.close()
    assert raised.value.delivered is True
