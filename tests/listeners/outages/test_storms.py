"""Storms that were drawn: every customer is in the right outage, and the minutes add up."""

import pytest

from listeners.outages.facts import Level
from tests.factories.storm_world import (
    METERS_OF_TRANSFORMER,
    TRANSFORMERS_OF_SUBSTATION,
    Drawn,
    StormWorld,
    at,
    draw,
    played,
)

SEEDS = range(40)


def play(seed: int, substations: int = 3) -> tuple[StormWorld, Drawn]:
    world = StormWorld(substations)
    drawn = draw(seed, world)
    events = played(drawn, world, seed)
    second = 0.0
    for heard, meter, is_dark, stamped in events:
        while second + 5 < heard:
            second += 5
            world.look(at(second))
        (world.lose if is_dark else world.restore)(meter, at(stamped))
    world.look(at(events[-1][0] + 500))
    return world, drawn


@pytest.mark.parametrize("seed", SEEDS)
def test_every_loss_is_explained_once_and_all_is_over_at_the_end(seed: int) -> None:
    world, drawn = play(seed)
    assert {outage.state for outage in world.outages.values()} <= {"closed", "merged"}
    assert set(world.of) | world.momentary == set(world.interruptions)
    assert not set(world.of) & world.momentary
    lost = {meter for n in drawn.lost for meter in world.meters_of(n)} | set(drawn.single)
    told = {world.interruptions[pk].meter for pk in world.of}
    blinked = {meter for n in drawn.blinks for meter in world.meters_of(n)}
    assert told == lost
    assert {world.interruptions[pk].meter for pk in world.momentary} == blinked


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_transformers_are_told_as_such_or_as_their_substation(seed: int) -> None:
    world, drawn = play(seed)
    by_substation: dict[int, int] = {}
    for number in drawn.lost:
        place = number // TRANSFORMERS_OF_SUBSTATION
        by_substation[place] = by_substation.get(place, 0) + 1
    for number in drawn.lost:
        levels = {
            world.outages[world.of[pk]].node.level
            for pk, each in world.interruptions.items()
            if each.transformer == number and pk in world.of
        }
        is_alone = by_substation[number // TRANSFORMERS_OF_SUBSTATION] < 2
        assert levels <= {Level.TRANSFORMER, Level.SUBSTATION, Level.METER}
        assert levels & ({Level.TRANSFORMER, Level.SUBSTATION} if is_alone else {Level.SUBSTATION})


@pytest.mark.parametrize("seed", SEEDS)
def test_customers_times_minutes_are_those_of_the_storm(seed: int) -> None:
    world, drawn = play(seed)
    told = sum(
        (each.ended - each.began).total_seconds()
        for pk, each in world.interruptions.items()
        if pk in world.of and each.ended
    )
    true = sum(end - begin for begin, end in drawn.lost.values()) * METERS_OF_TRANSFORMER
    true += sum(end - begin for begin, end in drawn.single.values())
    assert told == pytest.approx(true)
