"""Key rotation: a meter gets new private keys (companion profile 2, 5.2).

Every step stands in the order's history. After a lost answer the association tells which set the
meter holds; what is missing is then done.
"""

from workorders.activities.orders.base import Facts, NotDone, OrderActivity, ReadBack, Steps
from workorders.activities.orders.keys import holds_renewed, renewed
from workorders.activities.orders.outcomes import done, named
from workorders.activities.orders.parameters import nothing


def _steps(facts: Facts) -> Steps:
    yield from renewed(facts)
    return done(KEY_ROTATION)


def _read_back(facts: Facts) -> ReadBack:
    is_done = yield from holds_renewed(facts)
    return done(KEY_ROTATION) if is_done else NotDone()


KEY_ROTATION = OrderActivity(
    **named("key_rotation"),
    command="SET_METER_KEYS",
    parse=nothing,
    steps=_steps,
    read_back=_read_back,
)
