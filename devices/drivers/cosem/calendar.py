"""A released tariff -> the passive tables of an activity calendar (class 20, IEC 62056-6-2).

A tariff is JSON (our form, *assumed*): `{"seasons": [{"name", "start": "MM-DD", "week"}],
"weeks": [{"name", "days": [seven day numbers, Monday first]}],
"days": [{"day", "actions": [{"at": "HH:MM", "tariff": 1..6}]}]}`. A tariff is a selector of the
script table 0.0.10.0.100. Empty text: the passive tables stay as the meter has them.
"""

import json
from collections.abc import Iterator
from typing import Any

from devices.protocol.axdr import U8, U16, Data, encode
from devices.protocol.errors import ProtocolError
from devices.protocol.objects import TARIFF_SCRIPTS, ActivityCalendar
from devices.session import errors

_ANY_YEAR, _ANY_WEEKDAY, _ANY_TIME = b"\xff\xff", b"\xff", b"\xff\xff\xff\xff\x80\x00\xff"


def passive_tables(name: str, tables: str) -> Iterator[tuple[int, Data]]:
    """Attribute and value of each passive table; Refused where `tables` is no tariff."""
    yield ActivityCalendar.PASSIVE_NAME, name.encode()
    if not tables:
        return
    try:
        tariff = json.loads(tables)
        written = [
            (ActivityCalendar.PASSIVE_SEASONS, [_season(each) for each in tariff["seasons"]]),
            (ActivityCalendar.PASSIVE_WEEKS, [_week(each) for each in tariff["weeks"]]),
            (ActivityCalendar.PASSIVE_DAYS, [_day(each) for each in tariff["days"]]),
        ]
        encode([value for _, value in written])  # all of it fits, before any of it is sent
    except (ValueError, KeyError, TypeError, AttributeError, ProtocolError) as error:
        raise errors.bad_tariff(name) from error
    yield from written


def _season(season: dict[str, Any]) -> Data:
    month, day = map(int, season["start"].split("-"))
    start = _ANY_YEAR + bytes((month, day)) + _ANY_WEEKDAY + _ANY_TIME
    return season["name"].encode(), start, season["week"].encode()


def _week(week: dict[str, Any]) -> Data:
    monday, *others = week["days"]
    if len(others) != 6:
        raise ValueError("a week has seven days")
    return (week["name"].encode(), U8(monday), *map(U8, others))


def _day(day: dict[str, Any]) -> Data:
    return U8(day["day"]), [_action(each) for each in day["actions"]]


def _action(action: dict[str, Any]) -> Data:
    hour, minute = map(int, action["at"].split(":"))
    return bytes((hour, minute, 0, 0)), TARIFF_SCRIPTS.name, U16(action["tariff"])
