"""A worker process of its own, for tests that kill or freeze one: `python -m` with the repository
as working folder. Visits all concentrators of the database; argument: seconds before each batch of
a device in memory, or `field` for the real driver.
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

    from devices.drivers.registry import driver
    from workorders.engine import Engine, Options

    options = Options(lease=2.0, renew=0.3, poll=0.1, plans=False)
    engine = Engine(driver if mode == "field" else in_memory(float(mode)), options)

    def stop(_: int, __: FrameType | None) -> None:
        engine.stop()

    signal.signal(signal.SIGTERM, stop)
    engine.run()


def in_memory(pause: float):
    from devices.models import Concentrator
    from tests.factories.visits import device, field_of

    devices = [(made, device(made, meters=20)) for made in Concentrator.objects.all()]
    for _, field in devices:
        field.before_batch = lambda: asyncio.sleep(pause)
    return field_of(*devices)


if __name__ == "__main__":
    main(sys.argv[1])
