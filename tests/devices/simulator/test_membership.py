"""New meters: seen, entered, recruited, collected as their entry says, released (profile 3.4)."""

import time
from dataclasses import dataclass

import pytest

from devices.protocol.apdu import Attribute
from devices.protocol.association import Mechanism
from devices.protocol.axdr import U8, U16, U64
from devices.protocol.errors import DataAccess
from devices.protocol.obis import parse
from devices.protocol.services import Peer
from devices.simulator.cycles import Rounds
from devices.simulator.device import Device, FieldOptions
from devices.simulator.holdings import Holdings
from devices.simulator.membership import Recruiter
from devices.simulator.plc import PowerLine
from devices.simulator.population import Fleet
from devices.simulator.tables import JOURNALS, SNAPSHOTS, Everything

FLEET = Fleet.generate(1, 3, 2, new_meters=4)
FIRST = FLEET.concentrator(0)
OLD, NEW = FIRST.meters[0], FIRST.new_meters[0]
MEASURED = [(U8(0x0D), U8(2), U8(60))]
SEEN, ENTERED, RECRUITING, COMMISSIONED = range(4)
HOUR = 3600
MANAGER = Peer(1, Mechanism.HLS5_GMAC)


@dataclass
class Clock:
    now: float = float(int(time.time()))

    def __call__(self) -> float:
        return self.now


class Street:
    """One concentrator, by its mailbox and its tables."""

    def __init__(self, state=None, **options):
        self.clock = Clock()
        self.holdings = Holdings(state)
        options = {"recruit_failures": 0.0, "answer_share": 1.0, **options}
        self.device = Device(
            FIRST, FLEET.zone, FieldOptions(now=self.clock, **options), self.holdings
        )
        self.jobs = iter(range(1, 1000))
        held = self.holdings.concentrator(FIRST.serial)
        held.meter_keys[NEW.mac.hex()] = [[key.hex() for key in NEW.public_keys[:2]]]

    def post(self, command, *parameters):
        mailbox = Attribute(1, parse(f"0.0.96.54.{command}"), 2)
        value = (U64(next(self.jobs)), *parameters)
        return self.device.objects().set(MANAGER, mailbox, value)

    def listed(self):
        """State and code of each job."""
        jobs = self.device.objects().get(MANAGER, Attribute(1, parse("0.0.96.55.0"), 2), None)
        return [(int(job[3]), int(job[4])) for job in jobs]

    def enter(self, meter=NEW, row=0, closure=3, profile=1, period=15, flags=0x0F, measured=None):
        numbers = U8(closure), U8(profile), U8(period), U8(flags)
        who = meter.mac, meter.serial.encode(), U8(meter.phase), U16(row)
        return self.post(1, *who, *numbers, MEASURED if measured is None else measured)

    def wait(self, hours=12):
        self.clock.now += hours * HOUR

    def node(self, meter=NEW):
        return next(row for row in SNAPSHOTS[8](self.device.view()) if row[0] == meter.mac)

    def entry(self, meter=NEW):
        rows = SNAPSHOTS[10](self.device.view())
        return next((row for row in rows if row[0] == meter.mac), None)

    def tables(self, meter=NEW):
        """Tables that have rows of a meter."""
        view = self.device.view()
        runs = {number: journal.select(view, Everything()) for number, journal in JOURNALS.items()}
        return {
            number for number, found in runs.items() if meter.mac in {r.before[1] for r in found}
        }


def state_of(row):
    return int(row[8])


def test_new_meters_are_dealt_out_and_stand_in_the_templates_but_under_no_concentrator(tmp_path):
    assert [len(each.new_meters) for each in FLEET.concentrators] == [2, 1, 1]
    files = FLEET.write_templates(tmp_path)
    new = {meter.serial for meter in FLEET.newcomers}
    assert len(new) == 4
    for number in (2, 3):
        assert new <= set(files[number].read_text().replace("\n", ";").split(";"))
    assert not any(serial in (tmp_path / "associations.csv").read_text() for serial in new)
    assert not new & {meter.serial for meter in FLEET.meters}


def test_there_is_no_room_for_more_meters_than_numbers():
    with pytest.raises(ValueError, match="no room"):
        Fleet.generate(1, 1, 999, new_meters=2)


def test_a_new_meter_is_seen_and_nothing_is_collected_of_it():
    street = Street()
    assert (state_of(street.node()), int(street.node()[4]), street.node()[9]) == (SEEN, 0, b"")
    assert street.entry() is None
    assert street.tables() == set()
    assert street.tables(OLD) == set(JOURNALS)


def test_an_entry_is_shown_as_written_and_the_row_is_chosen():
    street = Street()
    assert street.enter(closure=5, profile=2, period=60, flags=1) is DataAccess.SUCCESS
    assert state_of(street.node()) == ENTERED
    *_, row, closure, profile, period, flags, measured, state = street.entry()
    assert (row, closure, profile, period, flags, state) == (NEW.row, 5, 2, 60, 1, ENTERED)
    assert [tuple(map(int, each)) for each in measured] == [(0x0D, 2, 60)]
    assert street.tables() == set()


def test_only_what_is_entered_is_recruited_and_strangers_are_refused():
    street = Street()
    assert street.post(3, NEW.mac) is DataAccess.OBJECT_UNAVAILABLE
    assert street.post(3, bytes(6)) is DataAccess.OBJECT_UNAVAILABLE
    stranger = FLEET.concentrator(1).new_meters[0]
    assert street.enter(stranger) is DataAccess.READ_WRITE_DENIED


def test_a_recruited_meter_is_collected_exactly_as_its_entry_says():
    street = Street()
    street.enter(closure=0, profile=1, flags=1, measured=[])
    street.post(3, NEW.mac)
    assert state_of(street.node()) == RECRUITING
    street.wait()
    assert state_of(street.node()) == COMMISSIONED
    street.wait(30)
    assert street.tables() == {2, 4}
    street.enter()
    assert street.tables() == set(JOURNALS)


def test_rows_begin_with_the_recruitment_and_the_newest_one_before_it():
    street = Street()
    street.enter()
    street.post(3, NEW.mac)
    ends = street.holdings.concentrator(FIRST.serial).recruits[NEW.mac.hex()].ends
    street.wait(36)
    runs = JOURNALS[2].select(street.device.view(), Everything())
    times = [run.at + step * run.step for run in runs if run.before[1] == NEW.mac
             for step in range(run.count)]  # fmt: skip
    assert min(times) > ends - 900
    assert len(times) > 60


def test_recruitment_lasts_one_to_three_cycles_and_fails_by_seed():
    recruiter = Recruiter(Rounds(7), PowerLine(7), 0.3, lambda _: True)
    drawn = [recruiter.begin(NEW, attempt, 1e9) for attempt in range(1, 200)]
    first = min(each.ends for each in drawn)
    assert {(each.ends - first) // (3 * HOUR) for each in drawn} == {0, 1, 2}
    assert 0 < first - 1e9 <= 3 * HOUR
    failed = [each.code for each in drawn if each.code]
    assert 30 < len(failed) < 90
    assert set(failed) <= {21, 40, 41, 42}
    assert drawn[3] == recruiter.begin(NEW, 4, 1e9)


def test_a_failed_recruitment_leaves_the_entry_and_another_may_succeed():
    street = Street(recruit_failures=1.0)
    street.enter()
    street.post(3, NEW.mac)
    street.wait()
    assert state_of(street.node()) == ENTERED
    again = Street(recruit_failures=0.0)
    again.holdings.concentrators = street.holdings.concentrators
    again.clock.now, again.jobs = street.clock.now, street.jobs
    again.post(3, NEW.mac)
    again.wait()
    assert state_of(again.node()) == COMMISSIONED


def test_a_concentrator_recruits_no_meter_whose_keys_it_was_not_given():
    street = Street()
    street.holdings.concentrator(FIRST.serial).meter_keys.clear()
    street.enter()
    street.post(3, NEW.mac)
    street.wait()
    assert street.listed()[-1] == (3, 145)
    assert state_of(street.node()) == ENTERED


def test_a_job_of_recruitment_runs_until_it_ends():
    street = Street(recruit_failures=1.0)
    street.enter()
    street.post(3, NEW.mac)
    assert street.listed() == [(2, 0), (1, 0)]
    street.wait()
    state, code = street.listed()[-1]
    assert state == 3
    assert code in {21, 40, 41, 42}


@pytest.mark.parametrize("meter", [OLD, NEW], ids=["old", "new"])
def test_a_released_meter_is_only_seen_and_a_deleted_entry_is_gone(meter):
    street = Street()
    street.enter(meter)
    street.post(3, meter.mac)
    street.wait(48)
    assert street.tables(meter)
    street.post(4, meter.mac)
    assert (state_of(street.node(meter)), street.tables(meter)) == (SEEN, set())
    assert street.entry(meter) is not None
    street.post(2, meter.mac)
    assert street.entry(meter) is None
    assert int(street.node(meter)[4]) == 0


def test_what_was_entered_and_recruited_survives_the_process(tmp_path):
    street = Street(tmp_path / "state.jsonl")
    street.enter()
    street.post(3, NEW.mac)
    street.post(2, OLD.mac)
    street.holdings.close()
    again = Street(tmp_path / "state.jsonl")
    again.wait()
    assert state_of(again.node()) == COMMISSIONED
    assert again.entry() is not None
    assert again.entry(OLD) is None
    again.holdings.close()
