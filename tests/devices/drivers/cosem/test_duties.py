"""Every duty of an order over a real socket, and what lost answers leave behind."""

import time
from dataclasses import astuple

import pytest

from devices.drivers.base import (
    DstPeriod,
    Endpoint,
    FieldError,
    NodeSilent,
    Refused,
    Table,
    Whole,
)
from devices.drivers.cosem.driver import CosemDriver
from devices.drivers.duties import (
    CloseBreaker,
    EnterCredit,
    Job,
    OpenBreaker,
    Post,
    Prepayment,
    ReadBreaker,
    ReadCredit,
    ReadDiagnosis,
    ReadJobs,
    ReadMaximum,
    ReadMeterClock,
    ReadMeterDst,
    ReadPrepayment,
    ReadPresence,
    ReadRegisters,
    ReadSpontaneous,
    ReadTariff,
    ResetAlarms,
    SetCalendar,
    SetContract,
    SetMeterClock,
    SetMeterDst,
    SetPrepayment,
    SetSpontaneous,
    SetThreshold,
    Spontaneous,
    Tariff,
)
from devices.simulator import readings
from devices.simulator.device import FieldOptions
from devices.simulator.faults import FAULTS
from hes.domain.energies import ENERGIES
from hes.domain.time import offset_at
from tests.devices.drivers.cosem.device import SANTIAGO, credentials, patient, serving, value_of
from tests.devices.drivers.cosem.device import Device as Bare
from tests.devices.drivers.cosem.simulated import (
    FIRST,
    METER,
    NOW,
    OPTIONS,
    ORDER,
    SEED,
    at_concentrator,
    executions,
    field,
    keys_of,
    line,
    opened,
    performed,
)

OPEN, CLOSE, ENTER = "70·0.0.96.3.10!1", "70·0.0.96.3.10!2", "115·0.0.19.40.0!1"
SPONTANEOUS = Spontaneous(True, "10.0.1.36", 58_692, 60, True, True, 58_693)
TARIFF = """{"seasons": [{"name": "S1", "start": "01-01", "week": "W1"}],
 "weeks": [{"name": "W1", "days": [1, 1, 1, 1, 1, 2, 2]}],
 "days": [{"day": 1, "actions": [{"at": "00:00", "tariff": 1}, {"at": "18:30", "tariff": 2}]},
          {"day": 2, "actions": [{"at": "00:00", "tariff": 1}]}]}"""


# --- breaker --------------------------------------------------------------------------------------


async def test_a_breaker_is_opened_and_closed_and_shows_it():
    async with field() as running:
        before, _, between, _, after = await performed(
            running, ReadBreaker(), OpenBreaker(), ReadBreaker(), CloseBreaker(), ReadBreaker()
        )
        assert executions(running) == {OPEN: 1, CLOSE: 1}
    assert (before.is_on, before.control, before.state) == (True, 1, 100)
    assert (between.is_on, between.control, between.state) == (False, 0, 0)
    assert after == before


async def test_a_reduction_limits_the_power_in_percent_of_the_contract():
    async with field() as running:
        _, _, breaker = await performed(
            running, SetContract(8_000), SetThreshold(2_000), ReadBreaker()
        )
    assert (breaker.contract, breaker.normal, breaker.threshold) == (8_000, 2_000, 2_000)
    assert breaker.state == 25


async def test_what_one_order_did_the_next_visit_finds():
    async with field() as running:
        await performed(running, OpenBreaker())
        (breaker,) = await performed(running, ReadBreaker())
    assert breaker.state == 0


# --- readings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", range(6))
async def test_registers_of_every_energy_agree_with_the_pure_readings(channel):
    energy = ENERGIES[channel].code
    async with field() as running:
        now, before = await performed(
            running, ReadRegisters(energy), ReadRegisters(energy, previous=True)
        )
    tariffs = readings.registers(SEED, METER.serial, channel, NOW)
    assert astuple(now) == (energy, sum(tariffs), tariffs, NOW, offset_at(SANTIAGO, NOW))
    assert before.total == sum(before.tariffs) <= now.total


async def test_a_maximum_has_its_quarter_hour_and_a_tariff_may_be_chosen():
    async with field() as running:
        whole, second, previous = await performed(
            running, ReadMaximum(2), ReadMaximum(2, tariff=2), ReadMaximum(2, previous=True)
        )
    assert whole.power >= second.power > 0
    assert previous.at < second.at <= NOW
    assert whole.at % 900 == 0


async def test_a_meter_that_answers_is_present_and_may_be_asked_on():
    async with field() as running:
        presence, breaker = await performed(running, ReadPresence(), ReadBreaker())
    assert presence is None
    assert breaker.state == 100


async def test_a_meter_that_falls_silent_is_not_present():
    async with field() as running, line(running) as meter:
        running.device(FIRST.serial).silence([METER])
        with pytest.raises(NodeSilent) as raised:
            await meter.perform(ReadPresence())
    assert raised.value.delivered is False


# --- credit ---------------------------------------------------------------------------------------


async def test_a_charge_is_added_and_its_repeat_is_not():
    async with field() as running:
        first, _, _, last = await performed(
            running, ReadCredit(), EnterCredit(7, 5_000), EnterCredit(7, 5_000), ReadCredit()
        )
        assert executions(running) == {ENTER: 1}
        assert running.holdings.meter(METER).charges == {"7": 1}
    assert (first.transaction, first.status, first.amount) == (None, 0, 0)
    assert (last.transaction, last.status, last.amount) == (7, 3, 5_000)


async def test_an_older_transaction_is_refused_without_effect():
    async with field() as running:
        *_, older, _, again = await performed(
            running, EnterCredit(9, 500), EnterCredit(8, 300), ReadCredit(), EnterCredit(9, 500),
            ReadCredit(),
        )  # fmt: skip
    assert (older.transaction, older.status, older.amount) == (8, 6, 500)
    assert (again.transaction, again.status, again.amount) == (9, 3, 500)


async def test_a_reduction_takes_credit_away():
    async with field() as running:
        *_, credit = await performed(
            running, EnterCredit(1, 500), EnterCredit(2, -800), ReadCredit()
        )
    assert credit.amount == -300


async def test_a_charge_is_seen_in_the_tables_of_the_concentrator():
    async with field() as running:
        await performed(running, EnterCredit(12, 5_000), SetPrepayment(2))
        session = await opened(running)
        batches = [batch async for batch in session.collect(Table.CURRENT_DATA, Whole())]
        await session.close()
    found = [each for batch in batches for each in batch.records if each.mac == METER.mac]
    assert [(each.credit, each.last_transaction) for each in found] == [(5_000, 12)]


async def test_prepayment_is_configured_and_disabled():
    async with field() as running:
        first, _, prepaid, _, disabled = await performed(
            running, ReadPrepayment(), SetPrepayment(2, 1_000, -500), ReadPrepayment(),
            SetPrepayment(1), ReadPrepayment(),
        )  # fmt: skip
    assert first == Prepayment(1, 0, 0)
    assert prepaid == Prepayment(2, 1_000, -500)
    assert disabled == Prepayment(1, 1_000, -500)


# --- tariff, alarms, clock ------------------------------------------------------------------------


@pytest.mark.parametrize("tables", ["", TARIFF])
async def test_a_calendar_becomes_active_under_its_name(tables):
    async with field() as running:
        before, _, after = await performed(
            running, ReadTariff(), SetCalendar("BT-2026", tables), ReadTariff()
        )
        active = running.holdings.meter(METER).calendar
    assert before == Tariff("DEFAULT", 10_000, 10_000)
    assert after.calendar == "BT-2026"
    assert set(active) == ({"0", "1", "2", "3"} if tables else {"0"})


async def test_a_tariff_that_cannot_be_written_is_refused_before_anything_is_active():
    async with field() as running:
        with pytest.raises(Refused, match="TB_ACK_112") as raised:
            await performed(running, SetCalendar("BT-2026", '{"seasons": []}'))
        (tariff,) = await performed(running, ReadTariff())
    assert raised.value.executed is False
    assert tariff.calendar == "DEFAULT"


async def test_alarms_are_read_and_cleared():
    async with field() as running:
        running.holdings.meter(METER).latched = 0x12
        before, _, after = await performed(running, ReadDiagnosis(), ResetAlarms(), ReadDiagnosis())
    assert before.alarm_word & 0x12 == 0x12
    assert (after.alarm_word, after.errors) == (0, 0)


async def test_an_alarm_stands_in_the_tables_until_it_is_cleared():
    async with field() as running:
        running.holdings.meter(METER).latched = 0x02
        latched = await words_of(running)
        await performed(running, ResetAlarms())
        assert latched - await words_of(running) == {0x02}


async def words_of(running) -> set[int]:
    session = await opened(running)
    batches = [batch async for batch in session.collect(Table.CURRENT_DATA, Whole())]
    await session.close()
    return {each.alarm_word for batch in batches for each in batch.records if each.mac == METER.mac}


async def test_a_meter_clock_is_set_to_our_time():
    async with field(FieldOptions(answer_share=1.0)) as running:
        running.holdings.meter(METER).drift = 500
        offset = offset_at(SANTIAGO, int(time.time()))
        before, _, after = await performed(
            running, ReadMeterClock(), SetMeterClock(offset), ReadMeterClock()
        )
    assert 497 < before.drift < 502
    assert abs(after.drift) < 2
    assert after.deviation == -offset


async def test_summer_time_of_a_meter_is_set():
    period = DstPeriod(1_788_667_200, 1_806_807_600)  # 2026-09-06 04:00, 2027-04-04 03:00 UTC
    async with field() as running:
        _, found = await performed(running, SetMeterDst(period), ReadMeterDst())
        begin = running.holdings.meter(METER).summer["5"]
        running.holdings.meter(METER).has_summer = False
        assert await performed(running, ReadMeterDst()) == [None]
    assert found == period
    assert begin == "07ea0906070000000000f000"


# --- concentrator ---------------------------------------------------------------------------------


async def test_the_mailbox_lists_what_it_did():
    mac = METER.mac
    async with field() as running:
        *_, jobs = await at_concentrator(
            running, Post(8, 1, mac), Post(7, 2, mac), Post(4, 3, mac), Post(6, 4), Post(10, 5),
            ReadJobs(),
        )  # fmt: skip
        held = running.holdings.concentrator(FIRST.serial)
        assert (held.wake_ups, held.released) == (1, [mac.hex()])
        session = await opened(running)
        nodes = [batch async for batch in session.collect(Table.NODES, Whole())]
        await session.close()
    states = {node.mac: node.state for batch in nodes for node in batch.records}
    assert [each for each, state in states.items() if state == 0] == [mac]
    nobody = bytes(6)
    assert jobs == (
        Job(1, 8, mac, 2, 0), Job(2, 7, mac, 2, 0), Job(3, 4, mac, 2, 0), Job(4, 6, nobody, 2, 0),
        Job(5, 10, nobody, 2, 0),
    )  # fmt: skip


async def test_a_probe_of_a_silent_meter_fails_with_the_reason():
    async with field(faults={FIRST.serial: [FAULTS["silent_node"](1)]}) as running:
        *_, jobs = await at_concentrator(running, Post(8, 1, METER.mac), ReadJobs())
    assert jobs[0].state == 3
    assert jobs[0].code in (21, 40, 41, 42)


async def test_a_meter_the_concentrator_does_not_know_is_refused():
    async with field() as running:
        with pytest.raises(Refused, match="TB_ACK_111"):
            await at_concentrator(running, Post(8, 1, b"\xaa" * 6))


async def test_a_meter_takes_the_time_of_its_concentrator():
    async with field(FieldOptions(answer_share=1.0)) as running:
        running.holdings.meter(METER).drift = 4_000
        await at_concentrator(running, Post(7, 1, METER.mac))
        (reading,) = await performed(running, ReadMeterClock())
    assert abs(reading.drift) < 2


async def test_the_spontaneous_profile_is_set_and_read():
    async with field() as running:
        first, _, after = await at_concentrator(
            running, ReadSpontaneous(), SetSpontaneous(SPONTANEOUS), ReadSpontaneous()
        )
    assert not first.wake_up
    assert after == SPONTANEOUS


# --- seam -----------------------------------------------------------------------------------------


async def test_duties_of_the_other_kind_of_device_are_refused():
    async with field() as running:
        with pytest.raises(Refused, match="no ReadJobs"):
            await performed(running, ReadJobs())
        with pytest.raises(Refused, match="no OpenBreaker"):
            await at_concentrator(running, OpenBreaker())


@pytest.mark.parametrize("duty", [SetThreshold(-1), EnterCredit(1, 2**31), SetPrepayment(300)])
async def test_values_beyond_the_wire_are_refused_unsent(duty):
    async with field() as running:
        with pytest.raises(Refused, match="TB_ACK_112") as raised:
            await performed(running, duty)
        assert executions(running) == {}
    assert raised.value.executed is False


async def test_orders_are_named_only_where_the_driver_is_told_to():
    async with field() as running:
        session = await opened(running)
        async with session.meter(METER.mac, keys_of(METER)) as meter:
            await meter.perform(OpenBreaker(), ORDER)
        await session.close()
        assert running.holdings.meter(METER).executions == {"0": {OPEN: 1}}


async def test_a_visit_goes_on_after_a_restart_of_the_field(tmp_path):
    state = tmp_path / "state"
    async with field(state=state) as running:
        await performed(running, OpenBreaker(), EnterCredit(3, 700))
    async with field(OPTIONS, state=state) as running:
        breaker, credit = await performed(running, ReadBreaker(), ReadCredit())
    assert breaker.control == 0
    assert (credit.amount, credit.transaction) == (700, 3)


async def test_values_of_another_shape_are_garbled():
    wrong = Bare({value_of("0.0.96.55.0"): b"no list"})
    async with serving(wrong) as endpoint:
        with pytest.raises(FieldError, match="TB_ACK_190"):
            await jobs_of(endpoint)


async def jobs_of(endpoint: Endpoint):
    session = await CosemDriver(pause=0.01).open(endpoint, credentials(), patient())
    try:
        return await session.perform(ReadJobs())
    finally:
        await session.close()


async def test_duties_are_carried_out_under_dedicated_keys_as_well():
    async with field() as running:
        endpoint = Endpoint(*running.endpoint(FIRST.serial), SANTIAGO)
        driver = CosemDriver(pause=0.01, dedicated_keys=True)
        session = await driver.open(endpoint, keys_of(FIRST), patient())
        async with session.meter(METER.mac, keys_of(METER)) as meter:
            await meter.perform(OpenBreaker())
            assert (await meter.perform(ReadBreaker())).control == 0
        assert await session.perform(ReadJobs()) == ()
        await session.close()
