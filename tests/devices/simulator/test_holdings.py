"""What orders have done survives the simulator: a journal, read and gone on with."""

import json

from devices.simulator.holdings import Holdings, JobLine
from devices.simulator.population import Fleet

FLEET = Fleet.generate(seed=1, concentrators=1, meters=20)
CONCENTRATOR = FLEET.concentrator(0)
METER = CONCENTRATOR.meters[0]


def opened_breaker(holdings: Holdings, order: int) -> None:
    holdings.meter(METER).control = 0
    holdings.meter(METER).count(order, "open")
    holdings.keep(METER.mac.hex())


def test_meters_start_with_the_contract_of_their_model():
    powers = {Holdings().meter(meter).contract for meter in CONCENTRATOR.meters}
    assert powers == {10_000, 30_000, 100_000}


def test_a_restart_goes_on_where_the_journal_ends(tmp_path):
    first = Holdings(tmp_path / "state")
    opened_breaker(first, 1)
    opened_breaker(first, 2)
    first.concentrator("K").ran(JobLine(9, 10, "", 2, 0, 100))
    first.keep("K")
    first.close()
    second = Holdings(tmp_path / "state")
    assert second.meter(METER).executions == {"1": {"open": 1}, "2": {"open": 1}}
    assert second.concentrator("K").knows(9)
    assert len((tmp_path / "state").read_bytes().splitlines()) == 2
    opened_breaker(second, 2)
    second.close()
    assert Holdings.read(tmp_path / "state").meter(METER).executions["2"] == {"open": 2}


def test_a_line_cut_by_a_kill_is_no_state(tmp_path):
    file = tmp_path / "state"
    first = Holdings(file)
    opened_breaker(first, 1)
    whole = file.read_bytes()
    opened_breaker(first, 2)
    first.close()
    file.write_bytes(file.read_bytes()[:-5])
    assert Holdings.read(file).meter(METER).executions == {"1": {"open": 1}}
    Holdings(file).close()
    assert file.read_bytes() == whole


def test_reading_beside_a_running_field_writes_nothing(tmp_path):
    running = Holdings(tmp_path / "state")
    opened_breaker(running, 1)
    before = (tmp_path / "state").read_bytes()
    assert Holdings.read(tmp_path / "state").meter(METER).control == 0
    assert (tmp_path / "state").read_bytes() == before
    running.close()


def test_a_long_journal_is_written_anew(tmp_path, monkeypatch):
    monkeypatch.setattr("devices.simulator.holdings.REWRITTEN_AFTER", 10)
    running = Holdings(tmp_path / "state")
    for order in range(25):
        opened_breaker(running, order)
    running.close()
    lines = (tmp_path / "state").read_text().splitlines()
    assert len(lines) <= 11
    assert json.loads(lines[-1])[0] == METER.mac.hex()
    assert len(Holdings.read(tmp_path / "state").meter(METER).executions) == 25


def test_the_list_of_jobs_keeps_the_last_64():
    held = Holdings().concentrator("K")
    for job in range(70):
        held.ran(JobLine(job, 10, "", 2, 0, 0))
    assert len(held.jobs) == 64
    assert not held.knows(5)
    assert held.knows(6)
