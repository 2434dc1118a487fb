"""What orders ask of a concentrator itself: clock, summer times, time server; steps of scripts."""

import time

import pytest

from devices.drivers.base import DstPeriod, FieldError, Refused
from devices.drivers.duties import (
    CallMethod,
    CallOwnMethod,
    Ntp,
    ReadAttribute,
    ReadClock,
    ReadDstTable,
    ReadNtp,
    ReadOwnAttribute,
    ReadStatusWord,
    ReadTimeZone,
    SetAttribute,
    SetClock,
    SetDstTable,
    SetNtp,
    SetOwnAttribute,
    SetTimeZone,
)
from devices.protocol.axdr import I8, U16
from devices.simulator.device import FieldOptions
from hes.domain.time import offset_at
from tests.devices.drivers.cosem.device import SANTIAGO
from tests.devices.drivers.cosem.simulated import FIRST, at_concentrator, field, performed

NAME, PASSIVE = "20·0.0.13.0.0·2", "20·0.0.13.0.0·6"
ACTIVATE = "20·0.0.13.0.0!1"
NTP_PORT = "100·0.0.25.10.0·4"


async def test_a_clock_is_set_to_our_time_however_far_it_was():
    async with field(FieldOptions(answer_share=1.0)) as running:
        running.device(FIRST.serial).memory.drift = 86_400.0
        offset = offset_at(SANTIAGO, int(time.time()))
        before, _, after = await at_concentrator(
            running, ReadClock(), SetClock(offset), ReadClock()
        )
    assert before.drift == pytest.approx(86_400, abs=3)
    assert abs(after.drift) < 2
    assert after.deviation == -offset


async def test_summer_times_are_written_as_a_whole_table():
    periods = DstPeriod(1_788_667_200, 1_806_807_600), DstPeriod(1_820_116_800, 1_838_257_200)
    async with field() as running:
        first, _, after = await at_concentrator(
            running, ReadDstTable(), SetDstTable(periods), ReadDstTable()
        )
    assert first != periods
    assert after == periods


async def test_a_time_server_is_set_switch_last_and_survives_a_restart(tmp_path):
    wanted = Ntp(True, "ntp.example", 1123, 1)
    async with field(state=tmp_path / "state") as running:
        first, _ = await at_concentrator(running, ReadNtp(), SetNtp(wanted))
        written = list(running.holdings.concentrator(FIRST.serial).written)
    async with field(state=tmp_path / "state") as running:
        (after,) = await at_concentrator(running, ReadNtp())
    assert first == Ntp(False, "", 123, 0)
    assert [name[-1] for name in written] == ["3", "4", "5", "2"]
    assert after == wanted


async def test_a_time_zone_is_that_of_normal_time_until_another_is_set():
    async with field() as running:
        first, _, after = await at_concentrator(
            running, ReadTimeZone(), SetTimeZone(-60), ReadTimeZone()
        )
    assert (first, after) == (240, -60)


async def test_a_status_word_has_three_bytes():
    async with field() as running:
        assert await at_concentrator(running, ReadStatusWord()) == [bytes.fromhex("04B01E")]


async def test_steps_of_a_script_reach_the_meter_by_their_names():
    async with field() as running:
        before, _, _, after = await performed(
            running,
            ReadAttribute("SET_NAME", NAME),
            SetAttribute("SET_NAME", PASSIVE, b"BT9"),
            CallMethod("SET_NAME", ACTIVATE, I8(0)),
            ReadAttribute("SET_NAME", NAME),
        )
    assert (before, after) == (b"DEFAULT", b"BT9")


async def test_steps_of_a_script_reach_the_concentrator_by_their_names():
    async with field() as running:
        _, after = await at_concentrator(
            running,
            SetOwnAttribute("SET_PORT", NTP_PORT, U16(1123)),
            ReadOwnAttribute("SET_PORT", NTP_PORT),
        )
        with pytest.raises(Refused, match="TB_ACK_103"):
            await at_concentrator(running, CallOwnMethod("X", "100·0.0.25.10.0!9", I8(0)))
    assert after == U16(1123)


@pytest.mark.parametrize("name", ["20·0.0.13.0·2", "x", "20·0.0.13.0.0!2", "70000·0.0.13.0.0·2"])
async def test_a_name_that_is_none_is_refused_unsent(name):
    async with field() as running:
        with pytest.raises(FieldError, match="TB_ACK_112"):
            await performed(running, SetAttribute("X", name, b"BT9"))
