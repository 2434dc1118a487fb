"""What datagrams mean: the right events, lines and states, each once, and nothing from suspects."""

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from devices.models import EndDeviceEvent
from devices.partitions import ensure
from devices.protocol.spontaneous import Kind
from hes.domain.time import DAY
from listeners.meaning import NOTHING, Understood, understand
from listeners.models import (
    ConcentratorPower,
    ListenerCount,
    MeterPower,
    PowerChange,
    SpontaneousMessage,
    SuspectMessage,
)
from tests.factories import fleets, spoken
from tests.factories.spoken import NOW, heard, reasons, receive, said

pytestmark = pytest.mark.django_db(transaction=True)

OFF, ON = Kind.CONCENTRATOR_OFF, Kind.CONCENTRATOR_ON
LOST, BACK = Kind.METER_LOST, Kind.METER_BACK


def dark() -> list[bool]:
    return list(ConcentratorPower.objects.values_list("is_dark", flat=True))


def test_a_last_gasp_makes_one_line_one_event_one_state_and_one_change() -> None:
    spoken.concentrator()
    assert heard(said(OFF)) == Understood(stored=1)
    stamp = datetime.fromtimestamp(NOW, UTC)
    assert fleets.lines("LPE") == [
        f"GIALLOT01;;;10.26.17.85;{stamp:%Y-%m-%d %H:%M:%S}.000;;0;LVC_POWER_OFF;-;-"
    ]
    assert EndDeviceEvent.objects.get().device_at == stamp
    assert (dark(), PowerChange.objects.get().at) == ([True], stamp)


def test_a_lost_meter_is_printed_with_its_pod_and_the_receipt_to_the_millisecond() -> None:
    owner = spoken.concentrator()
    fleets.meters(owner, 1)
    assert heard(said(LOST, mac=fleets.mac(1)), at=NOW + 5.22) == Understood(stored=1)
    receipt = datetime.fromtimestamp(NOW + 5, UTC)
    assert fleets.lines("LPE") == [
        f"GIALLOT01;UAAEEDN00000000001;POD1;3.26.17.85;{receipt:%Y-%m-%d %H:%M:%S}.220"
        ";;0;METER_REACHABILITY_KO;-;-"
    ]
    assert MeterPower.objects.get().is_dark


def test_a_concentrator_prints_its_local_stamp_and_its_state_is_in_utc() -> None:
    spoken.concentrator(zone="Etc/GMT+4")
    heard(said(OFF, NOW - 4 * 3600))
    local = datetime.fromtimestamp(NOW - 4 * 3600, UTC)
    assert fleets.lines("LPE")[0].split(";")[4] == f"{local:%Y-%m-%d %H:%M:%S}.000"
    assert ConcentratorPower.objects.get().since == datetime.fromtimestamp(NOW, UTC)


def test_a_repeated_datagram_is_one_event_whenever_it_comes() -> None:
    spoken.concentrator()
    off = said(OFF, sequence=1)
    assert heard(off, said(OFF, sequence=2)) == Understood(stored=1, duplicates=1)
    assert heard(off, at=NOW + 60) == Understood(duplicates=1)
    assert heard(off, at=NOW + DAY - 60) == Understood(duplicates=1)
    assert len(fleets.lines("LPE")) == PowerChange.objects.count() == 1


def test_a_replay_after_days_is_found_in_the_history() -> None:
    spoken.concentrator()
    off = said(OFF, NOW - 20 * DAY)
    with_partition(NOW - 20 * DAY)
    assert heard(off, at=NOW - 20 * DAY + 5) == Understood(stored=1)
    assert heard(off, at=NOW) == Understood(duplicates=1)
    assert PowerChange.objects.count() == 1


def with_partition(at: int) -> None:
    day = datetime.fromtimestamp(at, UTC).date()
    for table in ("datagram", "spontaneous_message"):
        ensure(table, day, day)


def test_the_same_stamp_of_another_meter_type_or_state_is_another_event() -> None:
    owner = spoken.concentrator()
    fleets.meters(owner, 2)
    gasps = [said(LOST, mac=fleets.mac(1)), said(LOST, mac=fleets.mac(2)), said(OFF), said(ON)]
    assert heard(*gasps) == Understood(stored=4)


def test_an_off_that_arrives_after_a_newer_on_is_told_and_changes_nothing() -> None:
    spoken.concentrator()
    heard(said(ON, NOW + 60), at=NOW + 200)
    assert heard(said(OFF, NOW), at=NOW + 210) == Understood(stored=1)
    assert (dark(), len(fleets.lines("LPE"))) == ([False], 2)


def test_both_directions_of_a_storm_in_one_batch_end_lit() -> None:
    spoken.concentrator()
    receive(said(OFF, NOW), at=NOW + 5)
    receive(said(ON, NOW + 60), at=NOW + 199)
    assert understand() == Understood(stored=2)
    assert (dark(), PowerChange.objects.count()) == ([False], 2)


@pytest.mark.parametrize("at", [NOW + 3600, 946_684_800 + 77, NOW - 3 * DAY])
def test_a_stamp_that_cannot_be_is_kept_and_flagged_and_the_receipt_counts(at: int) -> None:
    spoken.concentrator()
    assert heard(said(OFF, at)) == Understood(stored=1)
    kept = SpontaneousMessage.objects.get()
    assert (kept.device_local, kept.is_stamp_doubted) == (at, True)
    receipt = datetime.fromtimestamp(NOW + 5, UTC)
    assert ConcentratorPower.objects.get().since == receipt
    assert fleets.lines("LPE")[0].split(";")[4] == f"{receipt:%Y-%m-%d %H:%M:%S}.000"
    assert heard(said(ON, at), at=NOW + 7) == Understood(stored=1)  # receipts say what is newer
    assert dark() == [False]


@pytest.mark.parametrize(
    ("source", "serial", "reason"),
    [
        ("10.9.9.9", spoken.SPOKEN, "strange address"),
        ("10.9.9.9", "99XYZ50A1006010", "unknown serial"),
        ("10.3.0.1", spoken.SPOKEN, "serial of another company"),
    ],
)
def test_what_is_not_believed_is_suspect_and_changes_nothing(
    source: str, serial: str, reason: str
) -> None:
    spoken.concentrator()
    spoken.concentrator(fleets.company(code="other"), "B1", "30LVM50A10006010", "10.3.0.1")
    assert heard(said(OFF, serial=serial), source=source) == Understood(suspects=1)
    assert reasons() == {reason: 1}
    assert (SuspectMessage.objects.get().reason, dark(), fleets.lines("LPE")) == (reason, [], [])


def test_meters_that_are_not_the_tellers_are_suspect() -> None:
    owner = spoken.concentrator()
    neighbour = spoken.concentrator(owner.company, "TD-2", "20LVM50A10006020", "10.2.0.8")
    foreign = spoken.concentrator(fleets.company(code="other"), "B1", "30LVM50A1", "10.3.0.1")
    fleets.meters(neighbour, 1, first=2)
    fleets.meters(foreign, 1, first=3)
    gasps = [said(LOST, mac=fleets.mac(number)) for number in (1, 2, 3)]
    assert heard(*gasps) == Understood(suspects=3)
    assert reasons() == {
        "unknown meter": 1,
        "meter of another concentrator": 1,
        "meter of another company": 1,
    }
    assert dark() == []


def test_anybody_may_be_heard_through_a_relay(settings: Any) -> None:
    settings.LISTENER_RELAYS = [ip_network("10.9.0.0/16")]
    spoken.concentrator()
    assert heard(said(OFF), source="10.9.9.9") == Understood(stored=1)
    unknown = said(OFF, serial="99LVM50A1006010")
    assert heard(unknown, source="10.9.9.9") == Understood(suspects=1)


def test_an_unknown_serial_is_attributed_to_the_one_who_lives_there() -> None:
    spoken.concentrator()
    assert heard(said(OFF, serial="99XYZ50A1006010")) == Understood(stored=1)
    assert fleets.lines("LPE")[0].startswith("GIALLOT01;")


def test_nobody_guesses_between_two() -> None:
    owner = spoken.concentrator(serial="20LVM50A10006010")
    spoken.concentrator(owner.company, "TD-2", "20LVM50A10060010", "10.2.0.8")
    ambiguous = said(OFF, serial="20LVM50A1006010")
    assert heard(ambiguous, source="10.9.9.9") == Understood(suspects=1)
    assert reasons() == {"serial of several": 1}
    assert heard(ambiguous, source="10.2.0.8") == Understood(stored=1)
    assert fleets.lines("LPE")[0].startswith("TD-2;")


def test_a_meter_that_says_too_much_is_heard_ten_times_a_second_and_others_all() -> None:
    owner = spoken.concentrator()
    fleets.meters(owner, 30)
    flood = [said(LOST, NOW - n, mac=fleets.mac(1)) for n in range(25)]
    storm = [said(LOST, mac=fleets.mac(number)) for number in range(2, 31)]
    assert heard(*flood, *storm) == Understood(stored=39, suspects=15)
    assert reasons() == {"too often": 15}


def test_the_limit_holds_over_batches_and_a_new_second_begins_anew() -> None:
    spoken.concentrator()
    heard(*[said(OFF, NOW - n) for n in range(8)], at=NOW + 77)
    assert heard(*[said(OFF, NOW - n) for n in range(8, 16)], at=NOW + 77.5).stored == 2
    assert heard(said(OFF, NOW - 99), at=NOW + 78).stored == 1


def test_of_many_suspects_from_one_address_samples_are_kept_and_all_are_counted() -> None:
    spoken.concentrator()
    gasps = [said(OFF, NOW - n, serial="99XYZ50A1006010") for n in range(40)]
    assert heard(*gasps, source="10.9.9.9", at=NOW + 140) == Understood(suspects=40)
    assert (SuspectMessage.objects.count(), reasons()) == (10, {"unknown serial": 40})


def test_bytes_that_say_nothing_are_rejected_and_counted_by_their_reason() -> None:
    spoken.concentrator()
    garbage = [b"", b"\x00", said(OFF)[:-1], b"\xff" * 1472, said(OFF) + b"\x00"]
    assert heard(*garbage) == Understood(rejected=5)
    assert reasons() == {"too short": 2, "wrong length": 2, "too long": 1}
    assert heard(bytes(2048), size=65_507) == Understood(rejected=1)


def test_every_datagram_counts_once() -> None:
    spoken.concentrator()
    heard(said(OFF), said(OFF), b"x", said(OFF, serial="99XYZ50A1006010"), said(ON))
    heard(said(OFF), b"y" * 600, said(OFF), source="10.9.9.9")
    counts = ListenerCount.objects.values_list("count", flat=True)
    assert sum(counts) == 8


def test_what_was_understood_is_not_read_again() -> None:
    spoken.concentrator()
    heard(said(OFF))
    assert understand() == NOTHING
    receive(*[said(ON, NOW + n) for n in range(5)])
    assert [understand(2).total for _ in range(4)] == [2, 2, 1, 0]


def test_removed_concentrators_are_strangers() -> None:
    owner = spoken.concentrator()
    owner.state = "removed"
    owner.save()
    assert heard(said(OFF)) == Understood(suspects=1)
    assert reasons() == {"unknown serial": 1}
