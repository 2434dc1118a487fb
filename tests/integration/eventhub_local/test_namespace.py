"""Hubs, partitions, groups and their addresses."""

import pytest

from integration.eventhub_local.errors import AmqpError, EventHubFault
from integration.eventhub_local.log import Retention
from integration.eventhub_local.namespace import Address, Hub, OpenHub, address


@pytest.fixture
def hub(tmp_path):
    hub = Hub("hes-s", 3, groups=frozenset({"$Default"}))
    return OpenHub(hub, tmp_path / "hes-s", Retention(), durable=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amqps://127.0.0.1:5672/hes-s", Address("hes-s")),
        ("hes-s/Partitions/2", Address("hes-s", partition="2")),
        (
            "amqps://host/hes-s/ConsumerGroups/$Default/Partitions/0",
            Address("hes-s", "$Default", "0"),
        ),
        ("$cbs", Address("$cbs")),
        ("hes-s/$management", Address("$management")),
    ],
)
def test_addresses_of_the_sdk_are_understood(text, expected):
    assert address(text) == expected


@pytest.mark.parametrize("text", ["hes-s/Partitions", "hes-s/Rooms/1", "a/b/c/d/e", "//["])
def test_an_address_of_nothing_is_not_found(text):
    with pytest.raises(AmqpError, match="not-found"):
        address(text)


def test_a_partition_or_group_that_is_not_there_is_not_found(hub):
    for name in ("3", "-1", "", "x", "9" * 5000):
        with pytest.raises(AmqpError, match="no partition"):
            hub.partition(name)
    hub.check_group("$Default")
    with pytest.raises(AmqpError, match="no consumer group"):
        hub.check_group("other")


def test_a_key_has_its_partition_and_no_key_goes_round(hub):
    assert len({hub.choose("meter-7").number for _ in range(5)}) == 1
    assert [hub.choose("").number for _ in range(4)] == [0, 1, 2, 0]


@pytest.mark.parametrize("name", ["", "..", "a/b", "-a", "x" * 300])
def test_a_hub_is_named_as_the_service_allows(name):
    with pytest.raises(EventHubFault, match="no hub name"):
        Hub(name)
