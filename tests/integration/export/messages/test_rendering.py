"""Lines as JSON: exact numbers, true instants, and every cell where its column says."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.outbox.layouts import HEADERS
from hes.domain.time import local_stamp
from integration.export.messages.rendering import (
    BOOLEANS,
    NUMBERS,
    STAMPS,
    json_array,
    json_objects,
)

CODE = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.0.72.0"
SWE = "TD-9;M1;P1;3.26.0.85;2021-01-01 19:56:12.536;0;{};Voltage interruption (PUP)\n"


def sample(value: str = "43", stamp: str = "2021-10-05 09:15:00.000") -> str:
    return f"M1;P1;{value};0;{CODE};{stamp}\n"


def rendered(kind: str, text: str, offset: int = 0) -> list[dict[str, object]]:
    return json.loads(json_array(json_objects(kind, text.encode(), offset)), parse_float=str)


def test_a_sample_has_its_columns_as_keys_and_its_instant() -> None:
    assert rendered("S", sample(), -180) == [
        {
            "serialnumber": "M1",
            "pod": "P1",
            "value": 43,
            "state": 0,
            "cimcode": CODE,
            "sampledate": "2021-10-05 09:15:00.000",
            "sampledate_utc": "2021-10-05T12:15:00.000Z",
        }
    ]


@pytest.mark.parametrize("kind", sorted(HEADERS))
def test_every_kind_has_its_columns_in_order_and_only_known_ones(kind: str) -> None:
    columns = HEADERS[kind].split(";")
    (row,) = rendered(kind, ";".join("1" for _ in columns) + "\n")
    assert [key for key in row if not key.endswith("_utc")] == columns
    assert [key for key in row if key.endswith("_utc")] == [
        f"{column}_utc" for column in columns if column in STAMPS
    ]
    assert {key for key, cell in row.items() if cell == 1} == NUMBERS & set(columns)


def test_special_columns_are_columns_of_some_kind() -> None:
    known = {column for header in HEADERS.values() for column in header.split(";")}
    assert known >= NUMBERS | BOOLEANS | STAMPS
    assert all(STAMPS & set(header.split(";")) for header in HEADERS.values())


@pytest.mark.parametrize("value", ["12.340", "-0.5", "0", "98765432109876543210.10"])
def test_numbers_stand_as_they_are_printed(value: str) -> None:
    (item,) = json_objects("M", sample(value).encode(), 0)
    assert f'"value":{value},'.encode() in item
    assert json.loads(item, parse_float=str, parse_int=str)["value"] == value


@pytest.mark.parametrize("value", ["", "-", "+5", "007", ".5", "5.", "1e3", "NaN", "٣"])
def test_what_json_does_not_take_for_a_number_stays_text(value: str) -> None:
    assert rendered("S", sample(value))[0]["value"] == value


@pytest.mark.parametrize(
    ("cell", "expected"), [("TRUE", True), ("FALSE", False), ("", ""), ("true", "true")]
)
def test_an_alarm_is_active_or_not(cell: str, expected: object) -> None:
    assert rendered("SWE", SWE.format(cell))[0]["isactive"] == expected


def test_the_stamp_of_an_event_is_utc_already() -> None:
    assert rendered("SWE", SWE.format("TRUE"))[0]["date_utc"] == "2021-01-01T19:56:12.536Z"


def test_the_repeated_hour_has_two_instants() -> None:
    """2026-04-04 in Santiago: 23:30 comes twice, at -180 and at -240."""
    stamp = sample(stamp="2026-04-04 23:30:00.000")
    first, second = (rendered("S", stamp, offset)[0] for offset in (-180, -240))
    assert first["sampledate"] == second["sampledate"]
    assert first["sampledate_utc"] == "2026-04-05T02:30:00.000Z"
    assert second["sampledate_utc"] == "2026-04-05T03:30:00.000Z"


@given(st.integers(0, 4_102_444_800), st.integers(-720, 840))
def test_the_instant_is_the_one_the_stamp_was_made_of(epoch: int, offset: int) -> None:
    (row,) = rendered("S", sample(stamp=local_stamp(epoch, offset)), offset)
    instant = datetime.fromisoformat(str(row["sampledate_utc"]))
    assert instant == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=epoch)


@pytest.mark.parametrize("stamp", ["", "yesterday", "2026-02-30 00:00:00.000"])
def test_a_stamp_that_is_none_has_no_instant(stamp: str) -> None:
    (row,) = rendered("S", sample(stamp=stamp), -180)
    assert (row["sampledate"], row["sampledate_utc"]) == (stamp, "")


def test_text_is_escaped_and_stays_readable() -> None:
    (item,) = json_objects("S", "M\\1;Ñandú\u2028;1;0;c;x\n".encode(), 0)
    assert "Ñandú".encode() in item
    assert json.loads(item)["pod"] == "Ñandú\u2028"
    assert json.loads(item)["serialnumber"] == "M\\1"


def test_a_line_with_other_columns_stands_whole_and_the_others_as_ever() -> None:
    damaged, whole = rendered("S", f"a;b;c;d;e;f;g\n{sample()}")
    assert damaged == {"line": "a;b;c;d;e;f;g"}
    assert whole["serialnumber"] == "M1"
