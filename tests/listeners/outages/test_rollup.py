"""The rules of outages: tables of what is seen, and storms that were drawn, without a database."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.outages.endings import Tally, is_over
from listeners.outages.facts import (
    Facts,
    Interruption,
    Level,
    Network,
    Node,
    OpenOutage,
    Rules,
)
from listeners.outages.rollup import judge
from listeners.outages.suspicion import suspects
from listeners.outages.verdicts import Judgement

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
RULES = Rules(return_delay=timedelta(0))
METERS = 10  # of each transformer
T = [Node(Level.TRANSFORMER, number) for number in range(4)]
SUBSTATION = Node(Level.SUBSTATION, 9)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def dark(meter: int, began: float = 0, ended: float | None = None) -> Interruption:
    """A meter; ten are under each transformer, a concentrator with its number under it too."""
    transformer = meter // METERS
    until = None if ended is None else at(ended)
    return Interruption(meter + 1000, meter, transformer, transformer, 9, at(began), until)


def concentrator(number: int, began: float = 0, ended: float | None = None) -> Interruption:
    until = None if ended is None else at(ended)
    return Interruption(number + 1, None, number, number, 9, at(began), until)


def network(concentrators: int = 1) -> Network:
    return Network(dict.fromkeys(T, METERS), dict.fromkeys(T, concentrators), {9: len(T)})


def said(
    waiting: Iterable[Interruption],
    now: float = 60,
    outages: Sequence[OpenOutage] = (),
    rules: Rules = RULES,
    concentrators: int = 1,
) -> Judgement:
    return judge(Facts(list(waiting), outages, network(concentrators)), rules, at(now))


def out(node: Node, since: float = 0, meters: int = METERS, **more) -> OpenOutage:
    transformer = None if node == SUBSTATION else (node.id if node in T else node.id // METERS)
    usual = {"sites": frozenset(T[:2])} if node == SUBSTATION else {}
    return OpenOutage(
        node.id + 500, node, transformer, None, 9, at(since), meters, **{**usual, **more}
    )


@pytest.mark.parametrize(
    ("waiting", "now", "nodes"),
    [
        ([concentrator(0)], 60, [T[0]]),
        ([concentrator(0)], 59.9, []),  # it may be momentary
        ([concentrator(0, 0, 59.9)], 500, []),
        ([concentrator(0, 0, 60)], 500, [T[0]]),
        ([dark(n) for n in range(5)], 60, [T[0]]),
        ([dark(n) for n in range(4)], 60, []),  # 4 of 10, and details wait
        ([dark(n) for n in range(4)], 120, [Node(Level.METER, n) for n in range(4)]),
        ([dark(n, n * 75) for n in range(5)], 360, [T[0]]),  # within 300 s
        ([dark(n, n * 76) for n in range(5)], 9999, [Node(Level.METER, n) for n in range(5)]),
        ([concentrator(0), concentrator(1)], 60, [SUBSTATION]),
        ([concentrator(0), concentrator(1, 299)], 400, [SUBSTATION]),
        ([concentrator(0), concentrator(1, 301)], 400, [T[0], T[1]]),
        ([dark(3, 0), dark(3, 100, 200)], 500, [Node(Level.METER, 3)]),  # one after the other
    ],
)
def test_what_is_opened(waiting: list[Interruption], now: float, nodes: list[Node]) -> None:
    assert [one.node for one in said(waiting, now).openings] == nodes


@pytest.mark.parametrize(
    ("waiting", "now", "opened"),
    [
        ([concentrator(0)], 209.9, 0),  # 60 s, and 150 s until its return would be heard
        ([concentrator(0)], 210, 1),
        ([concentrator(0, 0, 30)], 170, 0),
        ([concentrator(0, 0, 70)], 170, 1),  # heard of as it is: nothing to wait for
    ],
)
def test_a_return_that_is_still_on_its_way_is_waited_for(
    waiting: list[Interruption], now: float, opened: int
) -> None:
    assert len(said(waiting, now, rules=Rules()).openings) == opened


def test_one_transformer_of_four_is_no_substation_and_two_are() -> None:
    rules = replace(RULES, substation_share=51)
    pair = [concentrator(0), concentrator(1)]
    assert [one.node for one in said(pair, rules=rules).openings] == T[:2]
    assert [one.node for one in said(pair).openings] == [SUBSTATION]


def test_an_outage_holds_all_of_its_window_and_begins_with_the_first() -> None:
    [opening] = said([dark(n, 10 * n) for n in range(8)], 500).openings
    assert (opening.since, len(opening.members)) == (at(0), 8)


def test_one_that_is_dark_since_long_is_no_part_of_it() -> None:
    waiting = [dark(9, -5000), *(dark(n) for n in range(5))]
    opened = {one.node: one for one in said(waiting, 60).openings}
    assert opened[T[0]].since == at(0)
    assert len(opened[T[0]].members) == 5


def test_single_outages_of_the_window_are_merged_and_older_ones_go_on() -> None:
    singles = [out(Node(Level.METER, 0), 0, 1), out(Node(Level.METER, 1), -900, 1)]
    [opening] = said([dark(n, 10) for n in range(2, 6)], 100, singles).openings
    assert (opening.node, opening.merges, opening.since) == (T[0], (500,), at(0))


def test_what_is_dark_under_an_open_outage_joins_it() -> None:
    found = said([dark(1, 50), dark(2, -400)], 200, [out(T[0])])
    assert [(one.outage, one.members) for one in found.joinings] == [(500, (1001,))]
    assert [one.node for one in found.openings] == [Node(Level.METER, 2)]


def test_a_further_transformer_joins_the_outage_of_its_substation() -> None:
    found = said([concentrator(2, 50)], 200, [out(SUBSTATION)])
    assert found.openings == []
    assert [(one.outage, one.members) for one in found.joinings] == [(509, (3,))]


def test_one_of_two_concentrators_is_an_outage_of_its_own() -> None:
    [opening] = said([concentrator(0), dark(0)], concentrators=2).openings
    assert opening.node == Node(Level.CONCENTRATOR, 0)
    assert opening.members == (1, 1000)


def test_in_a_storm_only_large_outages_are_opened() -> None:
    waiting = [concentrator(0), dark(15), dark(25)]
    rules = replace(RULES, is_storm=True)
    assert [one.node for one in said(waiting, 500, rules=rules).openings] == [T[0]]


def test_one_meter_alone_never_takes_its_transformer_with_it() -> None:
    facts = Facts([dark(0)], (), Network({T[0]: 1}, {T[0]: 1}, {9: 1}))
    assert [one.node.level for one in judge(facts, RULES, at(500)).openings] == [Level.METER]


@pytest.mark.parametrize(
    ("tally", "over"),
    [
        (Tally(Level.TRANSFORMER, 10, 0, 0), True),
        (Tally(Level.TRANSFORMER, 10, 1, 0), False),
        (Tally(Level.TRANSFORMER, 11, 1, 0), True),
        (Tally(Level.TRANSFORMER, 100, 0, 1), False),
        (Tally(Level.METER, 1, 1, 0), False),
        (Tally(Level.METER, 1, 0, 0), True),
    ],
)
def test_when_an_outage_is_over(tally: Tally, over: bool) -> None:
    assert is_over(tally, RULES) is over


@pytest.mark.parametrize(
    ("meters", "now", "expected"),
    [(2, 60, [T[0]]), (1, 60, []), (2, 59, []), (10, 60, [])],  # of all ten nobody can be asked
)
def test_who_is_suspected(meters: int, now: float, expected: list[Node]) -> None:
    facts = Facts([dark(n) for n in range(meters)], (), network())
    assert suspects(facts, RULES, at(now)) == expected


# --- whatever happens -----------------------------------------------------------------------------

LOSSES = st.lists(
    st.builds(
        lambda meter, began, lasts: dark(meter, began, None if lasts is None else began + lasts),
        st.integers(0, 39),
        st.integers(0, 600),
        st.none() | st.integers(0, 400),
    ),
    max_size=60,
    unique_by=lambda each: each.meter,
)
OWN = st.lists(
    st.builds(concentrator, st.integers(0, 3), st.integers(0, 600)),
    max_size=4,
    unique_by=lambda each: each.concentrator,
)


@given(LOSSES, OWN, st.integers(0, 1200))
def test_every_interruption_belongs_to_one_thing_at_most(
    meters: list[Interruption], own: list[Interruption], now: int
) -> None:
    found = said([*meters, *own], now)
    taken = [member for one in found.openings for member in one.members] + found.momentary
    assert len(taken) == len(set(taken))
    assert len({one.node for one in found.openings}) == len(found.openings)


@given(LOSSES, OWN, st.integers(0, 1200))
def test_no_momentary_is_ever_an_outage(
    meters: list[Interruption], own: list[Interruption], now: int
) -> None:
    waiting = [*meters, *own]
    found = said(waiting, now)
    short = {each.id for each in waiting if not each.outlasts(RULES.momentary, RULES, at(now))}
    assert not short & {member for one in found.openings for member in one.members}
    assert set(found.momentary) == {each.id for each in waiting if each.id in short and each.ended}


@given(LOSSES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_decides_nothing(meters: list[Interruption], chance) -> None:
    mixed = list(meters)
    chance.shuffle(mixed)
    found, again = said(meters, 2000), said(mixed, 2000)
    by_node = [
        {one.node: frozenset(one.members) for one in each.openings} for each in (found, again)
    ]
    assert by_node[0] == by_node[1]


@given(LOSSES)
def test_after_long_enough_everything_is_explained(meters: list[Interruption]) -> None:
    left = meters
    for _ in range(20):
        found = said(left, 10_000)
        taken = {member for one in found.openings for member in one.members}
        left = [each for each in left if each.id not in taken | set(found.momentary)]
        if not left:
            break
    assert left == []
