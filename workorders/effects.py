"""What the end of an order changes in the inventory: one kind of effect, one function.

All in the transaction that ends the order, so that both stand or fall together.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.backends.utils import CursorWrapper

from workorders import concentrator_effects, following, image_effects, life_steps, ordered_times
from workorders.activities.orders import life
from workorders.activities.orders.base import Effect, Result
from workorders.activities.orders.concentrator_synchronisation import ClockStepped
from workorders.activities.orders.concentrator_technical_configuration import (
    ConcentratorConfigured,
)
from workorders.activities.orders.image_transfer import FirmwareShown, UpdateFailed
from workorders.activities.orders.status_word import StatusWordRead
from workorders.activities.orders.summer_times import SummerTimesOrdered

Applying = Callable[[CursorWrapper, int, Any], None]
"""(cursor, the order that ended, its effect)."""

EFFECTS: Mapping[type[Effect], Applying] = {
    ConcentratorConfigured: concentrator_effects.initialised,
    ClockStepped: concentrator_effects.clock_stepped,
    StatusWordRead: concentrator_effects.status_word,
    SummerTimesOrdered: ordered_times.store,
    life.RecruitingBegun: life_steps.recruiting,
    life.RecruitingFailed: life_steps.not_recruited,
    life.Commissioned: life_steps.commissioned,
    life.Configured: life_steps.configured,
    life.Decommissioned: life_steps.decommissioned,
    life.Follow: following.follow,
    FirmwareShown: image_effects.shown,
    UpdateFailed: image_effects.failed,
}


def apply(cursor: CursorWrapper, results: Mapping[int, Result]) -> None:
    """Carry out the effects of orders that end now, in the order of their ids."""
    for order, result in sorted(results.items()):
        for effect in result.effects:
            EFFECTS[type(effect)](cursor, order, effect)
