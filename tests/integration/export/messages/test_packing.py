"""Blocks become messages: every line once, within the limits, the same way every time."""

import json
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.outbox.layouts import HEADERS
from integration.export.cursor import Block, DamagedBlock, Position
from integration.export.messages.packing import (
    MESSAGE_BYTES,
    SINGLE,
    Form,
    Message,
    Packing,
    UnknownPacking,
    cut,
    packing_of,
    partition_of,
)

UID = UUID("0198f1a2-0000-7000-8000-00000000000a")
SAMPLE = "UAAEEDN17305240558;742767;43;0;0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.0.72.0;2021-10-05 09:15:00"
DEVICES = st.sampled_from([("TD-1", ""), ("TD-1", "M1"), ("TD-1", "M2"), ("TD-2", ""), ("", "")])
CELL = st.text(
    st.characters(exclude_characters=';"\n', exclude_categories=["Cs", "Cc"]), max_size=40
)


def block(kind: str, text: str, concentrator: int | None = 7) -> Block:
    body = text.encode()
    lines = body.count(b"\n")
    day = date(2026, 11, 20)
    return Block(
        Position(9, 1), UID, kind, 1, day, concentrator, -180, lines, len(body), False, body
    )


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    kind = draw(st.sampled_from(sorted(HEADERS)))
    width = HEADERS[kind].count(";") + 1
    lines = []
    for _ in range(draw(st.integers(1, 30))):
        cells = draw(st.lists(CELL, min_size=width, max_size=width))
        if kind in SINGLE:
            cells[:2] = draw(DEVICES)
        lines.append(f"{';'.join(cells)}\n")
    return block(kind, "".join(lines), draw(st.sampled_from([None, 7])))


PACKINGS = st.builds(Packing, st.sampled_from(Form), st.integers(0, 7), st.integers(1, 2000))


def lines_of(message: Message) -> list[str]:
    """The CSV lines in a message of either form, without their line feeds."""
    if message.content_type == "text/csv":
        return message.body.decode().split("\n")[:-1]
    rows = json.loads(message.body, parse_int=str, parse_float=str)
    return [
        ";".join(_printed(cell) for column, cell in row.items() if not column.endswith("_utc"))
        for row in rows
    ]


def _printed(cell: object) -> str:
    return str(cell).upper() if isinstance(cell, bool) else str(cell)


@given(blocks(), PACKINGS)
def test_the_messages_hold_the_lines_of_the_block_in_order(whole: Block, packing: Packing) -> None:
    messages = list(cut(whole, "demo", packing))
    lines = [line for message in messages for line in lines_of(message)]
    assert lines == whole.text().decode().split("\n")[:-1]
    if packing.form is Form.CSV:
        assert b"".join(message.body for message in messages) == whole.text()


@given(blocks(), PACKINGS)
def test_ids_cover_the_lines_without_gap_or_overlap(whole: Block, packing: Packing) -> None:
    first = 0
    for message in cut(whole, "demo", packing):
        assert message.dedup_id == f"{UID}:{first}+{message.lines}"
        assert message.properties["dedup_id"] == message.dedup_id
        assert message.properties["lines"] == message.lines == len(lines_of(message)) > 0
        first += message.lines
    assert first == whole.lines


@given(blocks(), PACKINGS)
def test_only_a_single_line_may_pass_the_limits(whole: Block, packing: Packing) -> None:
    for message in cut(whole, "demo", packing):
        assert len(message.body) <= packing.max_bytes or message.lines == 1
        assert message.lines <= (packing.max_lines or whole.lines)


@given(blocks(), PACKINGS)
def test_cutting_twice_gives_the_same_also_after_the_packing_was_written_down(
    whole: Block, packing: Packing
) -> None:
    again = Packing.parse(str(packing))
    assert again == packing
    assert list(cut(whole, "demo", packing)) == list(cut(whole, "demo", again))


@given(blocks().filter(lambda whole: whole.kind in SINGLE), PACKINGS)
def test_events_of_two_devices_never_share_a_message(whole: Block, packing: Packing) -> None:
    for message in cut(whole, "demo", packing):
        keys = {meter or concentrator for concentrator, meter in map(_device, lines_of(message))}
        assert {message.key} == {key or "demo" for key in keys}


def _device(line: str) -> tuple[str, str]:
    concentrator, meter, *_ = line.split(";")
    return concentrator, meter


def test_a_full_block_of_samples_becomes_few_messages_just_below_the_limit() -> None:
    whole = block("S", f"{SAMPLE}.000\n" * 2500)
    messages = list(cut(whole, "demo", packing_of("S", "")))
    per_message = MESSAGE_BYTES // (len(SAMPLE) + 5)
    assert [message.lines for message in messages[:-1]] == [per_message] * (len(messages) - 1)


def test_what_a_message_says_about_itself() -> None:
    (message,) = cut(block("S", f"{SAMPLE}.000\n"), "bob", packing_of("S", ""))
    assert message.key == "7"
    assert message.content_type == "text/csv"
    assert message.properties == {
        "kind": "S",
        "company": "bob",
        "day": "2026-11-20",
        "schema": 1,
        "lines": 1,
        "dedup_id": f"{UID}:0+1",
        "utc_offset": -180,
    }


def test_lines_without_a_concentrator_are_keyed_by_their_company() -> None:
    (message,) = cut(block("S", f"{SAMPLE}.000\n", None), "bob", packing_of("S", ""))
    assert message.key == "bob"


def test_an_event_is_keyed_by_its_meter_else_by_its_concentrator() -> None:
    text = "TD-1;M1;;3.1.0.85;x;;0;y;;-\nTD-1;M1;;3.1.0.49;x;;0;y;;-\nTD-1;;;10.1.0.85;x;;0;y;;-\n"
    messages = cut(block("LPE", text), "demo", packing_of("LPE", ""))
    assert [(message.key, message.lines) for message in messages] == [
        ("M1", 1),
        ("M1", 1),
        ("TD-1", 1),
    ]
    together = cut(block("LPE", text), "demo", packing_of("LPE", "LPE=0:csv"))
    assert [(message.key, message.lines) for message in together] == [("M1", 2), ("TD-1", 1)]


def test_an_event_without_columns_still_goes_its_way() -> None:
    (message,) = cut(block("LPE", "damaged\n"), "demo", packing_of("LPE", ""))
    assert (message.key, message.body) == ("damaged", b"damaged\n")


@pytest.mark.parametrize(
    ("packing", "expected"),
    [
        ("1/csv/0/1000", [10, 10, 10]),
        ("1/csv/7/1000", [7, 7, 7, 7, 2]),
        ("1/csv/0/10", [1] * 30),
        ("1/json/0/1000", [4, 4, 4, 4, 4, 4, 4, 2]),
        ("1/json/3/1000", [3] * 10),
    ],
)
def test_algorithm_1_cuts_like_this_for_good(packing: str, expected: list[int]) -> None:
    """A position may have been noted by an older program: other cuts need another number."""
    whole = block("S", f"{SAMPLE}.000\n" * 30)
    messages = cut(whole, "demo", Packing.parse(packing))
    assert [message.lines for message in messages] == expected


def test_a_torn_block_is_not_cut() -> None:
    with pytest.raises(DamagedBlock):
        list(cut(block("S", "half a line"), "demo", packing_of("S", "")))


@pytest.mark.parametrize(
    ("kind", "wishes", "expected"),
    [
        ("S", "", "1/csv/0/56000"),
        ("PP", "", "1/csv/0/56000"),
        ("HPE", "", "1/csv/1/56000"),
        ("SWE", "S=500", "1/csv/1/56000"),
        ("S", "HPE=1:json,S=500", "1/csv/500/56000"),
        ("HPE", "HPE=1:json,S=500", "1/json/1/56000"),
        ("HPE", "HPE=0:csv", "1/csv/0/56000"),
    ],
)
def test_wishes_go_before_the_standard_packing(kind: str, wishes: str, expected: str) -> None:
    assert str(packing_of(kind, wishes)) == expected


@pytest.mark.parametrize("text", ["", "2/csv/0/56000", "csv/0/56000", "1/xml/0/1", "1/csv/0"])
def test_a_packing_of_another_program_is_refused(text: str) -> None:
    with pytest.raises(UnknownPacking, match="packing"):
        Packing.parse(text)


def test_partitions_of_keys_stay_where_they_are() -> None:
    """Consumers and files of the past rely on it: these numbers never change."""
    keys = ("UAAEEDN17305240558", "TD-375", "7", "demo", "Ñandú")
    assert [partition_of(key, 4) for key in keys] == [3, 2, 2, 0, 0]
    assert [partition_of(key, 1) for key in keys] == [0] * 5
