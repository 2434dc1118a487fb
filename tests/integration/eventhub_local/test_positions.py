"""Selectors: the forms the SDK writes."""

from datetime import UTC, datetime

import pytest
from azure.eventhub._utils import event_position_selector

from integration.eventhub_local.codec import Described, Symbol
from integration.eventhub_local.errors import AmqpError
from integration.eventhub_local.positions import EARLIEST, FILTER, Position, wanted

MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def source(selector: object) -> list[object]:
    filters = {Symbol(FILTER): Described(Symbol(FILTER), selector)}
    return ["hub", None, None, None, None, None, None, filters]


@pytest.mark.parametrize(
    ("value", "inclusive", "position"),
    [
        ("-1", False, Position("offset", -1)),
        ("120", True, Position("offset", 120, inclusive=True)),
        ("@latest", False, Position("sequence", 40, inclusive=True)),
        (17, False, Position("sequence", 17)),
        (17, True, Position("sequence", 17, inclusive=True)),
        (MOMENT, False, Position("enqueued", int(MOMENT.timestamp()) * 1000)),
    ],
)
def test_what_the_sdk_writes_is_understood(value, inclusive, position):
    selector = event_position_selector(value, inclusive)
    assert wanted(source(selector.decode()), 40, 500) == position
    assert wanted(source(selector), 40, 500) == position


@pytest.mark.parametrize("fields", [[], ["hub"], ["hub", *[None] * 7], [*[None] * 7, {}]])
def test_without_a_selector_reading_begins_at_the_beginning(fields):
    assert wanted(fields, 40, 500) == EARLIEST


@pytest.mark.parametrize(
    ("selector", "condition"),
    [
        ("", "amqp:invalid-field"),
        ("amqp.annotation.x-opt-offset < '5'", "amqp:invalid-field"),
        ("amqp.annotation.x-opt-offset > 'five'", "com.microsoft:argument-error"),
        ("amqp.annotation.x-opt-offset > '500'", "com.microsoft:argument-out-of-range"),
    ],
)
def test_a_selector_that_makes_no_sense_is_refused(selector, condition):
    with pytest.raises(AmqpError) as refused:
        wanted(source(selector), 40, 500)
    assert refused.value.condition == condition
