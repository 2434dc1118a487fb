"""What the end of an order changes in the inventory: one kind of effect, one function.

All in the transaction that ends the order, so that both stand or fall together.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.backends.utils import CursorWrapper

from workorders.activities.orders.base import Effect, Result
from workorders.activities.orders.concentrator_synchronisation import ClockStepped
from workorders.activities.orders.concentrator_technical_configuration import (
    ConcentratorConfigured,
)
from workorders.activities.orders.image_transfer import FirmwareShown, UpdateFailed
from workorders.activities.orders.life import (
    Commissioned,
    Configured,
    Decommissioned,
    Follow,
    RecruitingBegun,
    RecruitingFailed,
)
from workorders.activities.orders.status_word import StatusWordRead
from workorders.activities.orders.summer_times import SummerTimesOrdered
from workorders.effects import concentrators, following, images, life, summer_times

Applying = Callable[[CursorWrapper, int, Any], None]
"""(cursor, the order that ended, its effect)."""

EFFECTS: Mapping[type[Effect], Applying] = {
    ConcentratorConfigured: concentrators.configured,
    ClockStepped: concentrators.clock_stepped,
    StatusWordRead: concentrators.status_word,
    SummerTimesOrdered: summer_times.store,
    RecruitingBegun: life.recruiting,
    RecruitingFailed: life.not_recruited,
    Commissioned: life.commissioned,
    Configured: life.configured,
    Decommissioned: life.decommissioned,
    Follow: following.follow,
    FirmwareShown: images.shown,
    UpdateFailed: images.failed,
}


def apply(cursor: CursorWrapper, results: Mapping[int, Result]) -> None:
    """Carry out the effects of orders that end now, in the order of their ids."""
    for order, result in sorted(results.items()):
        for effect in result.effects:
            EFFECTS[type(effect)](cursor, order, effect)
