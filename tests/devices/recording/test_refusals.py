"""Names that would tear a line: nothing of them leaves, everything else does, and it is told."""

from dataclasses import replace

import pytest

from devices.fleet import Fleet
from devices.models import DiscoveredNode, EndDeviceEvent
from devices.recording import record, record_last
from hes.domain.records import CurrentData, DailyClosure, Node
from tests.factories import fleets
from tests.factories.fleets import batch, mac, no_fence, run

NOON = fleets.midnight(1) + 12 * 3600


def spoilt(fleet: Fleet, number: int, **changes: object) -> Fleet:
    """The fleet as if one of its meters had got a bad name past every check of the intake."""
    meter = replace(fleet.meters[mac(number)], **changes)
    return replace(fleet, meters=fleet.meters | {mac(number): meter})


def with_pod(fleet: Fleet, pod: str) -> Fleet:
    return spoilt(fleet, 1, pods=((None, None, pod),))


@pytest.mark.parametrize("pod", ["P;1", 'P"1', "P\n1", "P\r1"])
def test_the_meter_with_the_bad_pod_is_refused_and_the_others_leave(fleet: Fleet, pod: str) -> None:
    tally = record(with_pod(fleet, pod), batch(run(1, channels=(0, 2)), run(2)), no_fence)
    assert (tally.lines["S"], tally.refused) == (96, 2)  # two channels, each an entry
    assert {line.split(";")[0] for line in fleets.lines("S")} == {fleet.meters[mac(2)].serial}
    told = EndDeviceEvent.objects.get()  # one, not one per channel
    assert (told.kind, told.code) == ("lines_refused", "")
    assert told.meter_id == fleet.meters[mac(1)].id
    assert told.text.startswith(f"S of meter {told.meter_id}, concentrator {fleet.id}: mend")


def test_what_was_refused_leaves_once_the_name_is_mended(fleet: Fleet) -> None:
    record(with_pod(fleet, "P;1"), batch(run(1)), no_fence)
    assert fleets.lines("S") == []
    assert record(fleet, batch(run(1)), no_fence).lines["S"] == 96
    assert record(fleet, batch(run(1)), no_fence).total == 0


def test_every_kind_of_a_meter_with_a_bad_serial_is_refused(fleet: Fleet) -> None:
    bad = spoilt(fleet, 1, serial="UA;1")
    current = CurrentData(mac(1), 1, NOON, 0, 100, (100, 0, 0, 0, 0, 0), 5000, None, 7, 0, 0)
    closure = DailyClosure(mac(1), 1, 2, fleets.midnight(1), 0, 21, (1, 2, 3, 4, 5, 6))
    tally = record(bad, batch(current, closure), no_fence)
    assert (tally.total, tally.refused) == (0, 3)  # R, PP, DC


def test_a_bad_name_of_the_concentrator_refuses_its_events_only(fleet: Fleet) -> None:
    bad = replace(fleet, name='TD"1')
    word = CurrentData(mac(1), 1, NOON, 0, 1, (1, 0, 0, 0, 0, 0), None, None, 7, 0, 0b1)
    tally = record(bad, batch(word, run(2)), no_fence)
    assert (tally.lines["SWE"], tally.lines["R"], tally.lines["S"]) == (0, 1, 96)
    kinds = EndDeviceEvent.objects.values_list("kind", flat=True)
    assert sorted(kinds) == ["lines_refused", "meter_alarm"]


# --- Autodiscovery: the names come from the device ----------------------------------------------


def node(number: int, serial: str = "", owner: str = "", version: bytes = b"\x01") -> Node:
    return Node(mac(number), serial, version, 1, number, 130, NOON, NOON, 3, owner)


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (node(7, serial="UA;1"), "serial contains ;"),
        (node(7, serial='UA"1'), "serial contains ;"),
        (node(7, serial="UA\x001"), "serial contains ;"),
        (node(7, serial="UA\n1"), "serial contains ;"),
        (node(7, serial="=1+1"), "serial begins like a formula"),
        (node(7, serial="U" * 33), "serial 33 characters"),
        (node(7, owner="TD;1"), "owner contains ;"),
        (node(7, version=bytes(5)), "version is too long"),
    ],
)
def test_a_node_with_a_bad_name_is_refused_and_the_concentrator_is_named(
    fleet: Fleet, bad: Node, problem: str
) -> None:
    found = batch(node(1), bad, node(2))
    end = replace(fleets.end("autodiscovery", None), seen=found.seen)
    tally = record_last(fleet, found, no_fence, end)
    stored = DiscoveredNode.objects.order_by("mac_address").values_list("mac_address", flat=True)
    assert [bytes(address) for address in stored] == [mac(1), mac(2)]
    assert tally.refused == 1
    told = EndDeviceEvent.objects.get(kind="nodes_refused")
    assert told.concentrator_id == fleet.id
    assert told.text.startswith("1 rows of the node list refused, first 860E24000007: ")
    assert problem in told.text


def test_a_list_of_bad_nodes_makes_one_event_and_no_trouble(fleet: Fleet) -> None:
    tally = record(fleet, batch(*[node(number, serial="a;b") for number in range(50)]), no_fence)
    assert tally.refused == 50
    assert EndDeviceEvent.objects.get().text.startswith("50 rows")
    assert not DiscoveredNode.objects.exists()
