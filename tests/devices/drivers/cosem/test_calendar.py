"""A released tariff becomes the passive tables of class 20."""

import pytest

from devices.drivers.base import Refused
from devices.drivers.cosem.calendar import passive_tables
from devices.protocol.axdr import encode

TARIFF = """{"seasons": [{"name": "S1", "start": "04-01", "week": "W1"}],
 "weeks": [{"name": "W1", "days": [1, 1, 1, 1, 1, 2, 2]}],
 "days": [{"day": 1, "actions": [{"at": "18:30", "tariff": 2}]}]}"""


def test_names_seasons_weeks_and_days_are_written_by_their_types():
    tables = {index: encode(value).hex() for index, value in passive_tables("BT", TARIFF)}
    assert tables == {
        6: "09024254",
        7: "0101020309025331090cffff0401ffffffffff8000ff09025731",
        8: "0101020809025731" + "1101" * 5 + "1102" * 2,
        9: "010102021101010102030904121e0000090600000a0064ff120002",
    }


def test_without_tables_only_the_name_is_written():
    assert list(passive_tables("BT", "")) == [(6, b"BT")]


@pytest.mark.parametrize(
    "tables",
    [
        "no json", "[]", "{}", '{"seasons": 1, "weeks": [], "days": []}',
        '{"seasons": [], "weeks": [{"name": "W", "days": [1]}], "days": []}',
        '{"seasons": [{"name": "S", "start": "spring", "week": "W"}], "weeks": [], "days": []}',
        '{"seasons": [], "weeks": [], "days": [{"day": 1, "actions": [{"at": "1830"}]}]}',
        '{"seasons": [], "weeks": [], "days": [{"day": 999, "actions": []}]}',
    ],
)  # fmt: skip
def test_what_is_no_tariff_is_refused(tables):
    with pytest.raises(Refused, match="tables of tariff BT"):
        list(passive_tables("BT", tables))
