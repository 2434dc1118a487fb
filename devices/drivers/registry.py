"""The drivers by name: one line per way to talk to a concentrator."""

from django.conf import settings

from devices.drivers.base import Driver
from devices.drivers.cosem.driver import CosemDriver

DRIVERS: dict[str, Driver] = {
    "cosem": CosemDriver(
        tag_orders=settings.HES_SIMULATOR_ORDER_TAG,
        dedicated_keys=settings.HES_DEDICATED_KEYS,
    ),
}


def driver(name: str) -> Driver:
    """The driver a concentrator names; KeyError lists the known ones."""
    if name not in DRIVERS:
        raise KeyError(f"no driver {name!r}; known are {', '.join(sorted(DRIVERS))}")
    return DRIVERS[name]
