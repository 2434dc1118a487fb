"""Faults of orders: how often they strike, and that they leave everything but changes alone."""

import json

import pytest

from devices.protocol.apdu import Attribute
from devices.protocol.axdr import I8, U32, U64
from devices.protocol.errors import DataAccess
from devices.protocol.events import ActionResult, Result
from devices.protocol.objects import DISCONNECT_CONTROL, LIMITER, DataObject
from devices.simulator import faults
from devices.simulator.changes import LineCut
from devices.simulator.device import Device, FieldOptions
from devices.simulator.population import Fleet
from devices.simulator.server import running_field
from tests.devices.simulator.client import Asker, managed, of_meter, public

FLEET = Fleet.generate(seed=1, concentrators=2, meters=4)
BROKEN = FLEET.concentrator(0)
METER = BROKEN.meters[0]
OPTIONS = FieldOptions(now=lambda: 1_781_276_400)
TAG = DataObject.at("0.0.96.60.1").attribute(2)
CONTROL_STATE = DISCONNECT_CONTROL.attribute(3)
OPEN = DISCONNECT_CONTROL.method(1)


def device() -> Device:
    return Device(BROKEN, FLEET.zone, OPTIONS)


def struck(fault, changes: int) -> int:
    fault.install(device())
    return sum(fault.strikes() for _ in range(changes))


@pytest.mark.parametrize("times", [1, 3])
def test_a_fault_strikes_the_first_changes(times):
    assert struck(faults.DropChange(times), 10) == times


def test_a_share_strikes_some_of_all_changes_the_same_at_every_start():
    first, second = (struck(faults.LoseAnswer(0.2), 1_000) for _ in range(2))
    assert first == second
    assert 150 < first < 250


def test_several_faults_of_a_device_take_turns():
    bent = device()
    for fault in (faults.DropChange(), faults.RefuseChange(3)):
        fault.install(bent)
    done = []

    def execute() -> DataAccess:
        done.append(1)
        return DataAccess.SUCCESS

    with pytest.raises(LineCut):
        bent._harmed(execute)
    assert bent._harmed(execute) is DataAccess.READ_WRITE_DENIED
    assert bent._harmed(execute) is DataAccess.SUCCESS
    assert done == [1]


def test_a_script_gives_number_and_times(tmp_path):
    script = tmp_path / "faults.json"
    script.write_text(json.dumps({"A": {"refuse_change": [12, 5], "lose_answer": 0.1}}))
    found = faults.read_script(script)["A"]
    assert found == [faults.RefuseChange(12, times=5), faults.LoseAnswer(0.1)]


@pytest.mark.parametrize("amount", [[1], [1, 2, 3], [1, "2"]])
def test_other_amounts_of_a_script_are_refused(tmp_path, amount):
    script = tmp_path / "faults.json"
    script.write_text(json.dumps({"A": {"refuse_change": amount}}))
    with pytest.raises(faults.BadScript, match="write"):
        faults.read_script(script)


async def associated(field, asker, settings, counter: int = 0) -> Asker:
    inner = Asker(asker.reader, asker.writer, settings, counter)
    await inner.associate()
    return inner


async def test_the_tag_and_readings_pass_and_the_change_after_them_is_struck():
    script = {BROKEN.serial: [faults.RefuseChange(12)]}
    async with (
        running_field(FLEET, faults=script, options=OPTIONS, port_base=0) as field,
        managed(field, BROKEN) as asker,
    ):
        meter = await associated(field, asker, of_meter(METER))
        assert await meter.set(TAG, U64(5)) == Result(DataAccess.SUCCESS)
        assert await meter.get(CONTROL_STATE) == 1
        refused = await meter.exchange(meter.connection.action(OPEN, I8(0)))
        assert (type(refused), refused.status) == (ActionResult, 12)
        done = await meter.exchange(meter.connection.action(OPEN, I8(0)))
        assert done.status == 0
        assert await meter.get(CONTROL_STATE) == 0
        assert field.holdings.meter(METER).executions == {"5": {"70·0.0.96.3.10!1": 1}}


async def test_the_public_client_changes_nothing():
    async with (
        running_field(FLEET, options=OPTIONS, port_base=0) as field,
        managed(field, BROKEN) as asker,
    ):
        meter = await associated(field, asker, public(METER))
        refused = await meter.exchange(meter.connection.action(OPEN, I8(0)))
        assert refused.status == 3
        assert await meter.set(LIMITER.attribute(4), U32(1)) == Result(DataAccess.READ_WRITE_DENIED)
        assert field.holdings.meter(METER).control == 1


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        (LIMITER.attribute(4), b"much"),
        (Attribute(111, DataObject.at("0.0.19.0.0").name, 2), 2),
        (Attribute(20, DataObject.at("0.0.13.0.0").name, 6), []),
        (Attribute(8, DataObject.at("0.0.1.0.0").name, 2), b"noon"),
        (Attribute(8, DataObject.at("0.0.1.0.0").name, 5), bytes(12)),
    ],
)
async def test_values_of_another_shape_change_nothing(attribute, value):
    async with (
        running_field(FLEET, options=OPTIONS, port_base=0) as field,
        managed(field, BROKEN) as asker,
    ):
        meter = await associated(field, asker, of_meter(METER))
        wanted = value if isinstance(value, bytes | list) else U64(value)
        assert await meter.set(attribute, wanted) == Result(DataAccess.TYPE_UNMATCHED)
        assert field.holdings.meter(METER).executions == {}
