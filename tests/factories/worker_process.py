"""A worker process of its own, for tests that kill or freeze one: `python -m` with the repository
as working folder. Visits all concentrators of the database; argument: seconds before each batch of
a device in memory, `field` for the real driver, `orders` for the same with counted orders, `keys`
for orders of keys that stand still at the step KEY_STEPS names (tests.factories.key_steps).
"""

import asyncio
import os
import signal
import sys
from types import FrameType

import django


def main(mode: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hes.settings")
    django.setup()

    from workorders.engine import Engine, Options

    options = Options(lease=2.0, renew=0.3, poll=0.1, plans=False)
    engine = Engine(DRIVERS[mode]() if mode in DRIVERS else in_memory(float(mode)), options)

    def stop(_: int, __: FrameType | None) -> None:
        engine.stop()

    signal.signal(signal.SIGTERM, stop)
    engine.run()


def real():
    from devices.drivers.registry import driver

    return driver


def counting():
    """Names each order to the simulated meter, and waits less than a real field needs."""
    from devices.drivers.cosem.driver import CosemDriver
    from workorders import backoff, orders

    orders.FIRST_READ_SECONDS, orders.PAUSE_SECONDS = 0.2, 0.3
    backoff.BUSY_SECONDS = (0.3, 0.6)  # a frozen worker keeps the only session of its concentrator
    driver = CosemDriver(pause=0.01, tag_orders=True)
    return lambda _: driver


def standing():
    from tests.factories import key_steps

    key_steps.install()
    key_steps.stand_still()
    return counting()


DRIVERS = {"field": real, "orders": counting, "keys": standing}


def in_memory(pause: float):
    from devices.models import Concentrator
    from tests.factories.visits import device, field_of

    devices = [(made, device(made, meters=20)) for made in Concentrator.objects.all()]
    for _, field in devices:
        field.before_batch = lambda: asyncio.sleep(pause)
    return field_of(*devices)


if __name__ == "__main__":
    main(sys.argv[1])
