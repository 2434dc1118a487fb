"""A life of the simulated world, and what it may not leave behind."""

from collections.abc import Iterator
from pathlib import Path

from tests.factories.order_field import Meter, Violation
from tests.factories.order_world import World
from workorders.states import OrderState

SEEDS = Path(__file__).parents[1] / "workorders" / "seeds.txt"
"""Seeds that once failed, one a line: each is a test from then on."""


def known_seeds() -> list[int]:
    """Those of the file."""
    return [int(line) for line in SEEDS.read_text(encoding="ascii").split()]


def judged(seed: int, without: str = "") -> tuple[World, list[str]]:
    """The world of a seed after its life, and every violation; a life may end early by one."""
    world = World(seed, without)
    try:
        world.run()
    except Violation as found:
        return world, [str(found)]
    return world, violations(world)


def violations(world: World) -> list[str]:
    return [
        *(fault for meter in world.meters for fault in _of_credits(world, meter)),
        *(fault for meter in world.meters for fault in _of_breakers(world, meter)),
    ]


def _of_credits(world: World, meter: Meter) -> Iterator[str]:
    charges = [order for order in meter.log if order.kind == "credit_charge"]
    if len(set(map(id, charges))) < len(charges):
        yield "a credit was executed twice"
    own = [order for order in world.orders if world.meters[order.meter] is meter]
    done = [o for o in own if o.kind == "credit_charge" and o.state is OrderState.DONE]
    if meter.credit != sum(order.parameters["amount"] for order in done):
        yield f"the balance {meter.credit} is not that of the orders done"


def _of_breakers(world: World, meter: Meter) -> Iterator[str]:
    """Hands may do an older order, and meet one under way; nothing is begun after a newer one."""
    moves = [(place, o) for place, o in enumerate(meter.log) if o.kind != "credit_charge"]
    for number, (place, order) in enumerate(moves):
        if place in meter.by_hand:
            continue
        for earlier, newer in moves[:number]:
            if newer.number > order.number and order.begun_at > meter.by_hand.get(earlier, 0.0):
                yield f"order {order.number} moved the breaker after order {newer.number}"
    hands = [meter.log[place] for place in meter.by_hand]
    if moves and moves[-1][1] in hands:
        return  # a person had the last word
    own = [o for o in world.orders if world.meters[o.meter] is meter]
    stood = [o for o in own if o.kind != "credit_charge" and o.sent_at is not None]
    if stood and stood[-1].state is OrderState.DONE and stood[-1] not in hands:
        wanted = 0 if stood[-1].kind == "disconnect" else 1
        if meter.control != wanted:
            yield f"the breaker does not stand as {stood[-1]} wanted"
