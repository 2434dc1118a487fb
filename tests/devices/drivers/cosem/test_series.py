"""Load profile and measurands: rows of intervals become runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.base import Table
from devices.drivers.cosem.tables import READERS, Layout
from devices.protocol.axdr import I32, U8, U32, U64
from devices.protocol.errors import GarbledError
from devices.protocol.selective import CaptureObject
from hes.domain.records import LoadProfileRun, MeasurandRun
from tests.devices.drivers.cosem.rows import (
    MAC,
    OTHER,
    SUMMER,
    T0,
    WINTER,
    decoded,
    following,
    keyed,
    stamp,
)

DUTY = Table.LOAD_PROFILE


def run(first_end: int, *channels, mac=MAC, status=8, offset=-SUMMER, cycle=420) -> LoadProfileRun:
    padded = (*channels, *[None] * (6 - len(channels)))
    return LoadProfileRun(
        mac, cycle, 15, first_end, offset, status, len(channels[0]) if channels else 0, padded
    )


def test_the_worked_example_of_the_profile_is_one_run_of_two_intervals():
    rows = [keyed(T0, 43, 5), following(45, 4)]
    assert decoded(DUTY, rows) == [run(T0, (43, 45), (5, 4))]


def test_a_day_with_compressed_keys_is_one_run_whatever_the_blocks():
    rows = [keyed(T0, 0, 1), *(following(n, n + 1) for n in range(1, 96))]
    expected = [run(T0, tuple(range(96)), tuple(range(1, 97)))]
    for chunk in (1, 7, 100, 16_351):
        assert decoded(DUTY, rows, chunk=chunk) == expected


def test_keys_in_full_give_the_same_run_as_compressed_ones():
    rows = [keyed(T0 + 900 * n, n) for n in range(96)]
    assert decoded(DUTY, rows) == [run(T0, tuple(range(96)))]


def test_a_second_meter_begins_a_run_of_its_own():
    rows = [keyed(T0, 1), following(2), keyed(T0, 3, mac=OTHER), following(4)]
    assert decoded(DUTY, rows) == [run(T0, (1, 2)), run(T0, (3, 4), mac=OTHER)]


def test_a_gap_ends_a_run():
    rows = [keyed(T0, 1), following(2), keyed(T0 + 5 * 900, 3)]
    assert decoded(DUTY, rows) == [run(T0, (1, 2)), run(T0 + 4500, (3,))]


def test_a_change_of_status_ends_a_run_without_losing_the_clock():
    only_status = (None,) * 4 + (U8(9), U32(2), *[None] * 5)
    rows = [keyed(T0, 1), only_status, following(3)]
    assert decoded(DUTY, rows) == [run(T0, (1,)), run(T0 + 900, (2, 3), status=9)]


def test_the_repeated_hour_is_two_runs_of_different_offset():
    rows = [keyed(T0, 1), following(2), keyed(T0 + 1800, 3, deviation=WINTER), following(4)]
    assert decoded(DUTY, rows) == [run(T0, (1, 2)), run(T0 + 1800, (3, 4), offset=-WINTER)]


def test_a_new_cycle_is_a_new_run():
    rows = [keyed(T0, 1), keyed(T0 + 900, 2, cycle=421)]
    assert decoded(DUTY, rows) == [run(T0, (1,)), run(T0 + 900, (2,), cycle=421)]


def test_a_clock_alone_may_be_repeated_under_the_same_meter():
    later = (None, None, None, stamp(T0 + 9000), U8(8), U32(2), *[None] * 5)
    assert decoded(DUTY, [keyed(T0, 1), later]) == [run(T0, (1,)), run(T0 + 9000, (2,))]


def test_a_stamp_without_deviation_is_read_in_the_zone_of_the_concentrator():
    from devices.protocol import clock

    rows = [(U32(420), MAC, U8(15), clock.encode_local(T0 - SUMMER * 60), U8(8), *keyed(T0, 1)[5:])]
    assert decoded(DUTY, rows) == [run(T0, (1,))]


def test_a_channel_that_is_not_collected_is_none_and_not_zero():
    assert decoded(DUTY, [keyed(T0, 1, None, 0)]) == [run(T0, (1,), None, (0,))]


def test_a_channel_that_begins_later_begins_a_run():
    rows = [keyed(T0, 1), following(2, 7)]
    assert decoded(DUTY, rows) == [run(T0, (1,)), run(T0 + 900, (2,), (7,))]


def test_long_runs_are_cut_so_that_each_fits_a_batch():
    rows = [keyed(T0, *range(6)), *(following(*range(6)) for _ in range(1999))]
    runs = decoded(DUTY, rows)
    assert sum(found.count for found in runs) == 2000
    assert max(found.count for found in runs) <= 5_000 // 6
    ends = [found.first_end + found.count * 900 for found in runs]
    assert [found.first_end for found in runs] == [T0, *ends[:-1]]


def test_columns_are_found_by_name_in_another_order_and_among_others():
    sources = [column.source for column in READERS[DUTY].table.columns]
    foreign = CaptureObject(3, bytes(6), 2)
    layout = Layout.of(READERS[DUTY].table, [foreign, *reversed(sources)])
    rows = [(U32(99), *reversed(keyed(T0, 1, 2)))]
    assert decoded(DUTY, rows, layout=layout) == [run(T0, (1,), (2,))]


def test_wide_registers_are_accepted_up_to_what_a_database_holds():
    wide = (*keyed(T0)[:5], U64(2**40), *[None] * 5)
    assert decoded(DUTY, [wide]) == [run(T0, (2**40,))]
    with pytest.raises(GarbledError, match="register of"):
        decoded(DUTY, [(*wide[:5], U64(2**63), *[None] * 5)])


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (following(1), "first row"),
        ((U32(1), MAC[:5], U8(15), stamp(T0), U8(0), *[None] * 6), "MAC of 5"),
        ((U32(1), MAC, U8(0), stamp(T0), U8(0), *[None] * 6), "period of 0"),
        ((U32(1), MAC, U8(7), stamp(T0), U8(0), *[None] * 6), "period of 7"),
        ((U32(1), MAC, U8(15), b"x", U8(0), *[None] * 6), "date-time"),
        ((U32(1), MAC, U8(15), b"\xff" * 12, U8(0), *[None] * 6), "date-time"),
        ((U32(1), MAC, U8(15), stamp(T0), U32(0), *[None] * 6), "status has type"),
        ((U32(1), MAC, U8(15), None, None, *[None] * 6), "first row"),
    ],
)
def test_rows_that_break_the_profile_are_garbled(row, what):
    with pytest.raises(GarbledError, match=what):
        decoded(DUTY, [row])


def measurand(at: int, value: int | None, register: int = 13, kind: int = 2) -> tuple:
    keys = U32(9), MAC, U8(register), U8(kind), U8(60), stamp(at), U8(8)
    return (*keys, None if value is None else I32(value))


def test_measurands_are_runs_per_register_and_kind():
    rows = [
        measurand(T0, 2300), (*[None] * 7, I32(2310)),
        measurand(T0, -5, register=7), (*[None] * 7, I32(-6)),
        measurand(T0, 1, register=7, kind=4),
    ]  # fmt: skip
    assert decoded(Table.MEASURANDS, rows) == [
        MeasurandRun(MAC, 9, 13, 2, 60, T0, -SUMMER, 8, (2300, 2310)),
        MeasurandRun(MAC, 9, 7, 2, 60, T0, -SUMMER, 8, (-5, -6)),
        MeasurandRun(MAC, 9, 7, 4, 60, T0, -SUMMER, 8, (1,)),
    ]


def test_a_measurand_without_value_still_tells_that_the_meter_was_reached():
    (record,) = decoded(Table.MEASURANDS, [measurand(T0, None)])
    assert (record.mac, record.values) == (MAC, ())


intervals = st.lists(
    st.tuples(
        st.sampled_from([900, 900, 900, 1800]),  # step from the row above
        st.sampled_from([8, 8, 8, 0]),
        st.integers(0, 2**32 - 1),
    ),
    min_size=1,
    max_size=60,
)


@given(intervals, st.booleans(), st.integers(1, 400))
def test_runs_hold_every_interval_once_whatever_is_compressed(rows, compress, chunk):
    written, expected, at, above = [], [], T0, None
    for step, status, value in rows:
        at += step
        may_hide = compress and above == status and step == 900
        written.append(following(value) if may_hide else keyed(at, value, status=status))
        expected.append((at, status, value))
        above = status
    runs = decoded(DUTY, written, chunk=chunk)
    unrolled = [
        (found.first_end + 900 * n, found.status, value)
        for found in runs
        for n, value in enumerate(found.channels[0])
    ]
    assert unrolled == expected
    assert all(found.count == len(found.channels[0]) for found in runs)
