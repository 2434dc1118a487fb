"""A worker process of its own, for tests that kill or freeze one: `python -m` with the repository
as working folder; argument: seconds before each batch. Visits all concentrators of the database.
"""

import asyncio
import os
import signal
import sys
from types import FrameType

import django


def main(pause: float) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hes.settings")
    django.setup()

    from devices.models import Concentrator
    from tests.factories.visits import device, field_of
    from workorders.engine import Engine, Options

    devices = [(made, device(made, meters=20)) for made in Concentrator.objects.all()]
    for _, field in devices:
        field.before_batch = lambda: asyncio.sleep(pause)  # type: ignore[assignment,return-value]
    options = Options(lease=2.0, renew=0.3, poll=0.1, plans=False)
    engine = Engine(field_of(*devices), options)

    def stop(_: int, __: FrameType | None) -> None:
        engine.stop()

    signal.signal(signal.SIGTERM, stop)
    engine.run()


if __name__ == "__main__":
    main(float(sys.argv[1]))
