"""Tables whose every row is a record."""

import pytest

from devices.drivers.base import Table
from devices.protocol.axdr import I32, U8, U16, U32, U64
from devices.protocol.clock import UNSPECIFIED
from devices.protocol.errors import GarbledError
from hes.domain.records import (
    AlarmWord,
    CurrentData,
    DailyClosure,
    InterruptionCounters,
    InterruptionEnded,
    MeterEvent,
    Node,
    Repeater,
    VoltageVariation,
)
from tests.devices.drivers.cosem.rows import (
    MAC,
    OTHER,
    SUMMER,
    T0,
    decoded,
    prefix,
    stamp,
    u16s,
    u32s,
)

OFFSET = -SUMMER


def test_closures_of_several_energies_share_the_keys_of_the_first_row():
    rows = [
        (*prefix(), U8(2), *u32s(21, 1, 2, 3, 4, 5, 6)),
        (None, None, None, U8(8), *u32s(0, 0, 0, 0, 0, 0, 0)),
        (*prefix(mac=OTHER), U8(2), U64(2**33), *u32s(0, 0, 0, 0, 0, 0)),
    ]
    assert decoded(Table.CLOSURES, rows) == [
        DailyClosure(MAC, 7, 2, T0, OFFSET, 21, (1, 2, 3, 4, 5, 6)),
        DailyClosure(MAC, 7, 8, T0, OFFSET, 0, (0,) * 6),
        DailyClosure(OTHER, 7, 2, T0, OFFSET, 2**33, (0,) * 6),
    ]


def test_current_data_may_lack_credit_but_no_register():
    registers = u32s(21, 1, 2, 3, 4, 5, 6)
    with_credit = (*prefix(), *registers, I32(-500), I32(-12), U64(99), U8(5), U32(3))
    without = (*prefix(mac=OTHER), *registers, None, None, None, U8(0), U32(0))
    assert decoded(Table.CURRENT_DATA, [with_credit, without]) == [
        CurrentData(MAC, 7, T0, OFFSET, 21, (1, 2, 3, 4, 5, 6), -500, -12, 99, 5, 3),
        CurrentData(OTHER, 7, T0, OFFSET, 21, (1, 2, 3, 4, 5, 6), None, None, None, 0, 0),
    ]
    with pytest.raises(GarbledError, match="t6 is not given"):
        decoded(Table.CURRENT_DATA, [(*prefix(), *registers[:-1], *[None] * 4, U8(0), U32(0))])


def test_voltage_variation():
    row = (*prefix(), *u16s(1987, 2412), *u32s(3, 1005))
    expected = VoltageVariation(MAC, 7, T0, OFFSET, 1987, 2412, 3, 1005)
    assert decoded(Table.VOLTAGE_VARIATION, [row]) == [expected]


def test_interruption_counters_of_both_periods():
    first = (*prefix(), *u16s(10, 180, 3), U8(4), U8(0), *u16s(1, 2, 3), U32(400))
    second = (*[None] * 6, U8(4), U8(1), *u16s(4, 5, 6), U32(700))
    counters = decoded(Table.INTERRUPTION_COUNTERS, [first, second])
    assert counters == [
        InterruptionCounters(MAC, 7, T0, OFFSET, 10, 180, 3, 4, False, 1, 2, 3, 400),
        InterruptionCounters(MAC, 7, T0, OFFSET, 10, 180, 3, 4, True, 4, 5, 6, 700),
    ]


def test_the_source_of_a_status_row_says_what_it_is():
    rows = [
        (*prefix(), U8(1), U16(0), U32(0x8001)),
        (None, None, stamp(T0 + 60), U8(2), U16(17), U32(5)),
        (None, None, stamp(T0 + 90), U8(3), U16(2), U32(31)),
    ]
    assert decoded(Table.STATUS_AND_EVENTS, rows) == [
        AlarmWord(MAC, 7, T0, OFFSET, 0x8001),
        MeterEvent(MAC, 7, T0 + 60, OFFSET, 17, 5),
        InterruptionEnded(MAC, 7, T0 + 90, OFFSET, 2, 31),
    ]


def test_the_clock_of_a_status_row_is_no_key_and_must_be_given():
    row = (U32(7), MAC, None, U8(1), U16(0), U32(0))
    with pytest.raises(GarbledError, match="clock is not given"):
        decoded(Table.STATUS_AND_EVENTS, [row])


def test_an_unknown_source_is_garbled():
    with pytest.raises(GarbledError, match="source 9"):
        decoded(Table.STATUS_AND_EVENTS, [(*prefix(), U8(9), U16(0), U32(0))])


def test_nodes_that_were_never_met_have_no_instants():
    names = MAC, b"UAAEEDN11100000000", b"\x01\x02", U8(1), U16(7), U8(200)
    rows = [
        (*names, stamp(T0), stamp(T0 + 1), U8(3), b"20LVM50A10006010"),
        (*names, None, UNSPECIFIED, U8(0), b""),
    ]
    first, second = decoded(Table.NODES, rows)
    assert first == Node(
        MAC, "UAAEEDN11100000000", b"\x01\x02", 1, 7, 200, T0, T0 + 1, 3, "20LVM50A10006010"
    )
    assert (second.discovered, second.last_contact, second.associated_concentrator) == (
        None, None, "",
    )  # fmt: skip


def test_a_serial_that_is_no_text_is_shown_in_hexadecimal():
    row = (MAC, b"\xff\x00\x01", b"\x01\x02", U8(1), U16(0), U8(0), None, None, U8(0), b"")
    assert decoded(Table.NODES, [row])[0].serial == "ff0001"


def test_repeaters_on_the_way_are_optional():
    row = (MAC, U16(3), U8(1), OTHER, None, None, U8(90), stamp(T0))
    assert decoded(Table.REPEATERS, [row]) == [Repeater(MAC, 3, 1, (OTHER, None, None), 90, T0)]
