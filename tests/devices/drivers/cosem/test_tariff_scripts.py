"""The script table of a simulated meter, as a released script calls it."""

import pytest

from devices.drivers.base import Refused
from devices.drivers.duties import CallMethod, ReadAttribute
from devices.protocol.axdr import U16
from devices.simulator import readings
from tests.devices.drivers.cosem.simulated import NOW, executions, field, performed

EXECUTE, CURRENT = "9·0.0.10.0.100!1", "1·0.0.96.14.0·2"
SCRIPTS = ReadAttribute("TARIFF", "9·0.0.10.0.100·2")
SHOWN = ReadAttribute("TARIFF", CURRENT)


def call(number: int) -> CallMethod:
    return CallMethod("TARIFF", EXECUTE, U16(number))


async def test_a_script_makes_its_tariff_the_current_one_and_counts_as_one_execution():
    async with field() as running:
        before, _, after = await performed(running, SHOWN, call(5), SHOWN)
        assert executions(running) == {EXECUTE: 1}
    assert before == bytes((readings.tariff_at(NOW),))
    assert after == b"\x05"


async def test_there_is_a_script_for_each_tariff_and_no_other():
    async with field() as running:
        [scripts] = await performed(running, SCRIPTS)
        with pytest.raises(Refused):
            await performed(running, call(7))
    assert [number for number, _ in scripts] == [1, 2, 3, 4, 5, 6]
