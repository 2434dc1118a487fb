"""`hes worker` as it is, but patient: so that a thousand visits can wait at once, however slowly
this machine opened them.
"""

from functools import partial
from unittest import mock

from django.core.management import call_command

from benchmarks.servers import setup

PATIENCE = 600.0


def main() -> None:
    """Run the command until SIGTERM."""
    setup()
    from devices.drivers.base import Limits
    from hes.management.commands import worker
    from workorders.engine import Options

    limits = Limits(exchange=PATIENCE, visit=2 * PATIENCE)
    with mock.patch.object(worker, "Options", partial(Options, limits=limits)):
        call_command("worker")


if __name__ == "__main__":
    main()
