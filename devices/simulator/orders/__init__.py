"""The objects of a meter that orders read and change (companion profile 4.1, 4.2)."""

from devices.simulator.objects import ObjectTree
from devices.simulator.orders import breaker, calendar, image, payment, tariff_scripts, upkeep
from devices.simulator.orders.inside import Inside

CONCERNS = (breaker, payment, calendar, tariff_scripts, upkeep)


def install(tree: ObjectTree, inside: Inside) -> None:
    """Add them all."""
    for concern in CONCERNS:
        concern.install(tree, inside)


__all__ = ["Inside", "image", "install"]
