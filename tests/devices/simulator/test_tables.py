"""Bulk tables: which rows a selection holds, and their bytes (companion profile 3.2, 3.3, 8)."""

import time
from collections import Counter
from datetime import UTC, date, datetime
from itertools import chain
from zoneinfo import ZoneInfo

import pytest

from devices.protocol import clock, tables
from devices.protocol.axdr import U32, decode_all
from devices.protocol.selective import ByEntry, ByRange
from devices.protocol.services import Encoded
from devices.protocol.tables import TABLES, Table
from devices.protocol.tables.base import CLOCK_SOURCE, CYCLE
from devices.simulator import readings
from devices.simulator.cycles import Rounds
from devices.simulator.local import LocalClock
from devices.simulator.population import Fleet
from devices.simulator.tables import JOURNALS, ClockRange, CycleRange, View, buffer
from devices.simulator.tables.rows import Run, layout, row_pieces
from hes.domain import time as calendar

SANTIAGO = ZoneInfo("America/Santiago")
LOCAL = LocalClock(SANTIAGO)
FLEET = Fleet.generate(seed=1, concentrators=1, meters=6)
CONCENTRATOR = FLEET.concentrator(0)
NOW = int(datetime(2026, 6, 12, 15, tzinfo=UTC).timestamp())


def view(now: int = NOW, meters=CONCENTRATOR.meters, **changes) -> View:
    rounds = changes.pop("rounds", Rounds(1))
    return View(CONCENTRATOR.serial, meters, rounds, LOCAL, now, **changes)


def rows_of(seen: View, number: int, selection=None, *, compact=False) -> list[tuple]:
    answer = buffer.answer(seen, number, selection, compact=compact)
    assert isinstance(answer, Encoded), answer
    return decode_all(b"".join(answer.pieces))


def expanded(table: Table, rows: list[tuple]) -> list[dict]:
    """Rows by column label with null keys filled in as the profile says."""
    labels = [column.label for column in table.columns]
    keys = {column.label for column in table.columns if column.key}
    full: list[dict] = []
    for row in rows:
        named = dict(zip(labels, row, strict=True))
        for label in keys:
            if named[label] is None:
                named[label] = _above(full[-1], label, "period" in keys)
        if "clock" in named and isinstance(named["clock"], bytes):
            named["clock"] = clock.decode(named["clock"]).utc
        full.append(named)
    return full


def _above(row: dict, label: str, has_period: bool):
    if label == "clock" and has_period:
        return row["clock"] + row["period"] * 60
    return row[label]


def cycles(first: int, last: int) -> ByRange:
    return ByRange(CYCLE.source, U32(first), U32(last))


def clocks(first: int, last: int) -> ByRange:
    return ByRange(CLOCK_SOURCE, LOCAL.stamp(first), LOCAL.stamp(last))


def test_the_worked_example_is_written_byte_for_byte():
    mac = bytes.fromhex("860E240E995A")
    at = int(datetime(2026, 11, 20, 13, 15, tzinfo=UTC).timestamp())
    run = Run((420, mac, 15), at, 900, (8,), 2, (0, 1), lambda: ((43, 45), (5, 4)))
    first = (
        "02 0B 06 00 00 01 A4 09 06 86 0E 24 0E 99 5A 11 0F 09 0C 07 EA 0B 14 05 0A 0F 00 00 00 B4"
        "80 11 08 06 00 00 00 2B 06 00 00 00 05 00 00 00 00"
    )
    following = "02 0B 00 00 00 00 00 06 00 00 00 2D 06 00 00 00 04 00 00 00 00"
    written = b"".join(row_pieces(layout(TABLES[2]), LOCAL, [run]))
    assert written == bytes.fromhex(first + following)


@pytest.mark.parametrize(
    ("day", "quarters"), [(date(2026, 4, 4), 100), (date(2026, 9, 6), 92), (date(2026, 6, 10), 96)]
)
def test_a_local_day_has_its_quarters_and_one_closure(day, quarters):
    begin, end = calendar.local_day(day, SANTIAGO)
    seen = view(end + 5 * 86_400, retention_days=3650)
    window = clocks(begin + 1, end)
    profile = expanded(TABLES[2], rows_of(seen, 2, window))
    for meter in CONCENTRATOR.meters:
        mine = [row for row in profile if row["mac"] == meter.mac]
        assert [row["clock"] for row in mine] == [
            begin + 900 * quarter for quarter in range(1, quarters + 1)
        ]
        assert tuple(row["active forward"] for row in mine) == readings.profile(
            1, meter.serial, 0, begin + 900, quarters
        )
        assert all((row["status"] == 8) is LOCAL.is_summer(row["clock"]) for row in mine)
    closures = expanded(TABLES[1], rows_of(seen, 1, window))
    assert {row["clock"] for row in closures} == {end}
    assert Counter(row["mac"] for row in closures) == {
        meter.mac: len(seen.entry(meter).closure) for meter in CONCENTRATOR.meters
    }
    measured = expanded(TABLES[3], rows_of(seen, 3, window))
    assert len(measured) == len(CONCENTRATOR.meters) * 2 * quarters // 4


def test_a_closure_adds_up_and_a_days_difference_is_its_profile():
    begin, end = calendar.local_day(date(2026, 9, 5), SANTIAGO)
    seen = view(end + 5 * 86_400, retention_days=3650)
    closures = expanded(TABLES[1], rows_of(seen, 1, clocks(begin, end)))
    profile = expanded(TABLES[2], rows_of(seen, 2, clocks(begin + 1, end)))
    meter = CONCENTRATOR.meters[-1]
    for code, label in ((0x02, "active forward"), (0x08, "active reverse")):
        mine = [r for r in closures if r["mac"] == meter.mac and r["energy"] == code]
        assert all(sum(row[f"t{t}"] for t in range(1, 7)) == row["total"] for row in mine)
        used = sum(row[label] for row in profile if row["mac"] == meter.mac)
        assert mine[1]["total"] - mine[0]["total"] == used > 0


def test_where_midnight_does_not_exist_the_closure_reads_one_oclock():
    begin, _ = calendar.local_day(date(2026, 9, 6), SANTIAGO)
    row = rows_of(view(begin + 86_400 * 3), 1, clocks(begin, begin))[0]
    assert row[2][5:8] == bytes((1, 0, 0))


def test_a_meter_has_a_row_in_a_cycle_exactly_when_it_answered():
    rounds = Rounds(1, answer_share=0.7)
    for number in (1, 2, 3, 5, 7):
        seen = view(rounds=rounds)
        finished = rounds.finished(number, NOW)
        rows = expanded(TABLES[number], rows_of(seen, number, cycles(finished - 7, finished)))
        present = {(row["mac"], row["cycle"]) for row in rows}
        assert present == {
            (meter.mac, cycle)
            for meter in CONCENTRATOR.meters
            for cycle in range(finished - 7, finished + 1)
            if rounds.answers(meter.serial, number, cycle)
        }


def test_a_meter_without_news_gets_its_newest_row_stamped_again():
    rounds = Rounds(1, scale=72, answer_share=1.0)  # cycles of five minutes, quarters in between
    finished = rounds.finished(2, NOW)
    seen = view(rounds=rounds, meters=CONCENTRATOR.meters[:1])
    rows = expanded(TABLES[2], rows_of(seen, 2, cycles(finished - 5, finished)))
    assert [row["cycle"] for row in rows] == list(range(finished - 5, finished + 1))
    newest = [rounds.end(2, row["cycle"]) // 900 * 900 for row in rows]
    assert [row["clock"] for row in rows] == newest
    assert len(set(newest)) == 3


def test_cycle_by_cycle_no_row_is_missed():
    rounds = Rounds(1, answer_share=0.6)
    seen = view(rounds=rounds)
    finished = rounds.finished(2, NOW)
    by_cycle = {
        (row["mac"], row["clock"])
        for cycle in range(finished - 12, finished + 1)
        for row in expanded(TABLES[2], rows_of(seen, 2, cycles(cycle, cycle)))
    }
    last = rounds.end(2, finished - 6)
    wanted = expanded(TABLES[2], rows_of(seen, 2, clocks(last - 86_400, last)))
    assert {(row["mac"], row["clock"]) for row in wanted} <= by_cycle


def test_a_clock_range_gives_each_row_once():
    rows = expanded(TABLES[2], rows_of(view(), 2, clocks(NOW - 3 * 86_400, NOW)))
    counted = Counter((row["mac"], row["clock"]) for row in rows)
    assert set(counted.values()) == {1}


def test_rows_stand_in_the_order_cycle_row_register_clock():
    macs = {meter.mac: meter.row for meter in CONCENTRATOR.meters}
    finished = Rounds(1).finished(3, NOW)
    rows = expanded(TABLES[3], rows_of(view(), 3, cycles(finished - 3, finished)))
    order = [(r["cycle"], macs[r["mac"]], r["register"], r["clock"]) for r in rows]
    assert order == sorted(order)


def test_forgotten_rows_are_gone():
    rows = expanded(TABLES[2], rows_of(view(), 2))
    assert min(row["clock"] for row in rows) > NOW - 10 * 86_400
    assert rows_of(view(), 2, clocks(NOW - 40 * 86_400, NOW - 12 * 86_400)) == []
    assert rows_of(view(retention_days=60), 2, clocks(NOW - 40 * 86_400, NOW - 39 * 86_400))


def test_a_cycle_range_shows_finished_cycles_only():
    rounds = Rounds(1)
    finished = rounds.finished(2, NOW)
    rows = expanded(TABLES[2], rows_of(view(), 2, cycles(finished, finished + 1)))
    assert max(row["clock"] for row in rows) == rounds.end(2, finished)


def test_a_clock_range_shows_what_the_running_cycle_has_brought_so_far():
    seen = view(rounds=Rounds(1, answer_share=1.0))
    rows = expanded(TABLES[2], rows_of(seen, 2, clocks(NOW - 86_400 + 1, NOW + 86_400)))
    assert max(row["clock"] for row in rows) == NOW
    assert len(rows) == 96 * len(CONCENTRATOR.meters)
    assert max(row["cycle"] for row in rows) == seen.rounds.finished(2, NOW) + 1


def test_a_silent_meter_has_no_rows_and_is_listed_as_lost():
    silent = CONCENTRATOR.meters[0]
    seen = view(rounds=Rounds(1, silent=frozenset({silent.serial})))
    for number in JOURNALS:
        rows = expanded(TABLES[number], rows_of(seen, number))
        assert silent.mac not in {row["mac"] for row in rows}
    states = {row[0]: row[8] for row in rows_of(seen, 8)}
    assert states[silent.mac] == 4
    assert set(states.values()) == {3, 4}


@pytest.mark.parametrize("number", [1, 3, 6, 7])
def test_a_compact_array_holds_the_same_rows(number):
    finished = Rounds(1).finished(number, NOW)
    wanted = cycles(finished - 3, finished)
    plain = expanded(TABLES[number], rows_of(view(), number, wanted))
    assert b"".join(buffer.answer(view(), number, wanted, compact=True).pieces)[0] == 19
    assert expanded(TABLES[number], rows_of(view(), number, wanted, compact=True)) == plain


def test_a_table_with_uncollected_cells_stays_row_wise():
    answer = buffer.answer(view(), 2, None, compact=True)
    assert b"".join(answer.pieces)[0] == 1


@pytest.mark.parametrize("number", JOURNALS)
def test_parts_by_entry_put_together_are_the_whole(number):
    whole = expanded(TABLES[number], rows_of(view(), number))
    cut = len(whole) // 3 + 1
    parts = [ByEntry(1, cut), ByEntry(cut + 1, 2 * cut), ByEntry(2 * cut + 1, 0)]
    found = [expanded(TABLES[number], rows_of(view(), number, part)) for part in parts]
    assert list(chain.from_iterable(found)) == whole


def test_the_alarm_word_comes_with_every_cycle_and_interruptions_end_in_theirs():
    seen = view(retention_days=60)
    rows = expanded(TABLES[7], rows_of(seen, 7))
    rounds = seen.rounds
    alarms = [row for row in rows if row["source"] == 1]
    assert all(row["clock"] == rounds.end(7, row["cycle"]) for row in alarms)
    ended = [row for row in rows if row["source"] == 3]
    assert ended
    assert all(row["clock"] <= rounds.end(7, row["cycle"]) and row["word"] > 0 for row in ended)


def test_entries_name_what_the_tables_deliver():
    by_mac = {row[0]: row for row in rows_of(view(), 10)}
    mono, injecting = CONCENTRATOR.meters[0], CONCENTRATOR.meters[-1]
    assert by_mac[mono.mac][4:6] == (0b0011, 0b0011)
    assert by_mac[injecting.mac][4:6] == (0b1111, 0b1111)
    assert by_mac[mono.mac][8] == [(0x07, 1, 60), (0x0D, 2, 60)]


def test_repeaters_are_other_meters_of_the_concentrator():
    macs = {meter.mac for meter in CONCENTRATOR.meters}
    for row in rows_of(view(), 9):
        path = [mac for mac in row[3:6] if mac is not None]
        assert len(path) == row[2]
        assert set(path) <= macs - {row[0]}


def test_three_hundred_thousand_samples_a_second_are_encoded():
    fleet = Fleet.generate(seed=9, concentrators=20, meters=25)
    journal, samples, begin = JOURNALS[2], 0, time.process_time()
    for concentrator in fleet.concentrators:
        seen = View(concentrator.serial, concentrator.meters, Rounds(9), LOCAL, NOW)
        runs = journal.select(seen, ClockRange(NOW - 3 * 86_400, NOW - 2 * 86_400))
        for _ in row_pieces(layout(tables.LOAD_PROFILE), LOCAL, runs):
            pass
        samples += sum(run.count * len(run.present) for run in runs)
    assert samples > 90_000
    assert samples / (time.process_time() - begin) > 150_000  # 300,000 where the core is ours


def test_a_cycle_range_beyond_the_finished_ones_is_empty():
    finished = Rounds(1).finished(2, NOW)
    assert JOURNALS[2].select(view(), CycleRange(finished + 1, finished + 5)) == []
