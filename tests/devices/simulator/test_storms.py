"""Storms: who says what, when it leaves, and what the road makes of it."""

import itertools
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol.spontaneous import Kind, Message, Unparsed, decode
from devices.simulator import storms
from devices.simulator.population import Fleet
from devices.simulator.storms import Fate, Road, Storm, area, said

FLEET = Fleet.generate(seed=4, concentrators=12, meters=10)
BEGIN = 1_625_303_617  # 2021-07-03 09:13:37 UTC
SUBSTATION = range(4, 8)
STORM = Storm(BEGIN, 600, SUBSTATION)
BEHIND = Storm(BEGIN, 600, SUBSTATION, is_dark=False, meters_share=0.5)


def messages(gasps) -> list[Message]:
    found = [decode(gasp.raw) for gasp in gasps]
    assert all(isinstance(message, Message) for message in found)
    return found


def test_each_dark_concentrator_says_off_and_on_under_its_spoken_serial():
    told = Counter((message.serial, message.kind) for message in messages(said(FLEET, STORM)))
    serials = ["20LVM50A1000004", "20LVM50A1000005", "20LVM50A1000006", "20LVM50A1000007"]
    kinds = Kind.CONCENTRATOR_OFF, Kind.CONCENTRATOR_ON
    assert told == Counter({(serial, kind): 1 for serial in serials for kind in kinds})


def test_stamps_are_the_cut_and_its_end_in_local_time():
    santiago = ZoneInfo("America/Santiago")
    assert FLEET.zone == santiago
    first, *_, last = messages(said(FLEET, STORM))
    assert (first.local, last.local) == (BEGIN - 4 * 3600, BEGIN + 600 - 4 * 3600)


def test_off_leaves_five_seconds_and_on_139_after_its_stamp():
    delays = {kind: [] for kind in Kind}
    for gasp in said(FLEET, STORM):
        true = BEGIN if gasp.kind is Kind.CONCENTRATOR_OFF else STORM.end
        delays[gasp.kind].append(gasp.at - true)
    assert all(5 <= delay < 7 for delay in delays[Kind.CONCENTRATOR_OFF])
    assert all(139 <= delay < 141 for delay in delays[Kind.CONCENTRATOR_ON])


def test_behind_a_living_concentrator_only_the_share_of_meters_is_told():
    told = messages(said(FLEET, BEHIND))
    lost = [message.mac for message in told if message.kind is Kind.METER_LOST]
    back = [message.mac for message in told if message.kind is Kind.METER_BACK]
    assert len(told) == len(lost) + len(back)
    assert sorted(lost) == sorted(back)
    hit = {meter.mac for number in SUBSTATION for meter in FLEET.concentrator(number).meters
           if BEHIND.hits(meter)}  # fmt: skip
    assert set(lost) == hit
    assert 10 < len(hit) < 30


def test_a_storm_is_the_same_every_time_and_another_with_another_seed():
    other = Fleet.generate(seed=5, concentrators=12, meters=10)
    road = Road(losses=0.2, copies=0.5, late=0.5, garbage=0.5)
    assert said(FLEET, STORM, road) == said(FLEET, STORM, road)
    assert said(FLEET, STORM, road) != said(other, STORM, road)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("TR-00001", range(1)), ("TR-00012", range(11, 12)), ("SE-0002", range(4, 8)),
        ("SE-0003", range(8, 12)), ("RG-01", range(12)),
    ],
)  # fmt: skip
def test_an_area_has_the_names_of_the_templates(name, found):
    assert area(FLEET, name) == found


@pytest.mark.parametrize("name", ["TR-00013", "TR-0", "SE-0004", "RG-2", "XX-1", "TR", "TR--1", ""])
def test_an_area_the_fleet_has_not_is_refused(name):
    with pytest.raises(ValueError, match="give TR-00001"):
        area(FLEET, name)


def test_a_storm_beyond_all_bounds_is_refused():
    fleet = Fleet.generate(seed=1, concentrators=2000, meters=1000)
    with pytest.raises(ValueError, match="choose a smaller area"):
        said(fleet, Storm(BEGIN, 60, range(2000), meters_share=1.0))


@given(
    shares=st.tuples(*[st.floats(0, 1)] * 5), seed=st.integers(0, 50),
    lasts=st.integers(1, 5000), dark=st.booleans(),
)  # fmt: skip
def test_whatever_the_road_does_each_first_datagram_leaves_at_most_once(shares, seed, lasts, dark):
    fleet = Fleet.generate(seed=seed, concentrators=3, meters=5)
    storm = Storm(BEGIN, lasts, range(3), dark, 0.8)
    gasps = said(fleet, storm, Road(*shares))
    assert [gasp.at for gasp in gasps] == sorted(gasp.at for gasp in gasps)
    first = Counter(gasp.raw for gasp in gasps if gasp.fate is Fate.FIRST)
    assert first <= Counter(gasp.raw for gasp in said(fleet, storm))
    copies = {gasp.raw for gasp in gasps if gasp.fate is Fate.COPY}
    assert copies <= set(first)


def test_losses_copies_replays_and_garbage_are_about_as_many_as_their_share():
    fleet = Fleet.generate(seed=9, concentrators=4, meters=250)
    storm = Storm(BEGIN, 600, range(4), is_dark=False, meters_share=1.0)
    road = Road(losses=0.1, copies=0.2, replays=0.1, late=0.3, garbage=0.05)
    count = Counter(gasp.fate for gasp in said(fleet, storm, road))
    assert 1750 < count[Fate.FIRST] < 1850
    assert 450 < count[Fate.COPY] < 630
    assert 60 < count[Fate.GARBAGE] < 125


def test_late_datagrams_arrive_behind_younger_ones():
    quick = Storm(BEGIN, 10, range(12))
    for road, is_mixed in ((Road(), False), (Road(late=0.5), True)):
        kinds = [gasp.kind for gasp in said(FLEET, quick, road)]
        behind = kinds[kinds.index(Kind.CONCENTRATOR_ON) :]
        assert (Kind.CONCENTRATOR_OFF in behind) is is_mixed


def test_garbage_says_nothing():
    gasps = said(FLEET, STORM, Road(garbage=1.0))
    garbage = [gasp for gasp in gasps if gasp.fate is Fate.GARBAGE]
    assert len(garbage) == 8
    assert all(isinstance(decode(gasp.raw), Unparsed) for gasp in garbage)
    assert all(gasp.kind is None for gasp in garbage)


@given(period=st.integers(60, 7200), begin=st.integers(BEGIN, BEGIN + 9999), cuts=st.integers(1, 9))
def test_wake_ups_come_once_a_period_however_time_is_cut(period, begin, cuts):
    of = FLEET.concentrator(3)
    end = begin + 5 * period
    whole = list(storms.wake_ups(of, period, begin, end))
    edges = [begin + (end - begin) * cut // cuts for cut in range(cuts + 1)]
    parts = [at for low, high in itertools.pairwise(edges)
             for at in storms.wake_ups(of, period, low, high)]  # fmt: skip
    assert parts == whole
    assert len(whole) == 5
    assert {later - earlier for earlier, later in itertools.pairwise(whole)} == {period}


def test_a_wake_up_names_the_concentrator_and_its_address():
    gasp = storms.wake_up(FLEET, FLEET.concentrator(2), "127.10.0.3", BEGIN)
    [message] = messages([gasp])
    assert (message.kind, message.serial, message.address) == (
        Kind.WAKE_UP, "20LVM50A1000002", "127.10.0.3"
    )  # fmt: skip


def test_invented_outages_are_small_begin_in_their_turn_and_a_third_is_momentary():
    found = [storms.invented(FLEET, 600, number) for number in range(300)]
    assert all(number * 600 <= storm.begin < number * 600 + 150
               for number, storm in enumerate(found))  # fmt: skip
    assert all(len(storm.area) == 1 and storm.end < storm.begin + 600 for storm in found)
    assert 60 < sum(storm.lasts < 60 for storm in found) < 140
    assert {storm.is_dark for storm in found} == {True, False}
    assert len({storm.area.start for storm in found}) == FLEET.size
