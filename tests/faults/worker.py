"""Workers by fork: a process that has imported everything makes one for every line it reads.

A start costs milliseconds instead of two seconds of processor time, so a thousand can be killed.
A line is a JSON object (`Wish`), the answer the pid of the new process, which dies with this one.
"""

import json
import os
import random
import signal
import sys
from dataclasses import dataclass, replace

import django

from hes.lib.processes import die_with

LEASE = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Wish:
    """How a worker shall be.

    `host`: where it finds PostgreSQL, empty for where all do. `concurrency`: places for visits;
    beyond them `kept` for orders alone. `stop_after_begun` and `stop_after_look`: share of commands
    before whose first byte it freezes itself, before and after the last look at its own clock.
    """

    host: str = ""
    concurrency: int = 8
    kept: int = 32
    stop_after_begun: float = 0.0
    stop_after_look: float = 0.0


def main() -> None:
    """Read wishes until there are no more."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hes.settings")
    django.setup()
    _import_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave nothing behind
    ours = os.getpid()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _live(Wish(**json.loads(line)), ours)
        print(pid, flush=True)


def _import_all() -> None:
    """Before the first fork: a child imports nothing, and is the code its parent was."""
    import workorders.engine  # noqa: F401
    from tests.factories.worker_process import counting

    counting()


def _live(wish: Wish, parent: int) -> None:
    """Never returns: what the parent had begun is not the child's."""
    try:
        die_with(parent, signal.SIGKILL)()
        random.seed()
        _work(wish)
    finally:
        os._exit(0)


def _work(wish: Wish) -> None:
    from django.db import connection

    from tests.factories.worker_process import counting
    from tests.faults import stopping
    from workorders.engine import Engine, Options

    if wish.host:
        connection.settings_dict["HOST"] = wish.host
    stopping.install(wish.stop_after_begun, wish.stop_after_look)
    options = Options(lease=LEASE, renew=0.3, poll=0.1, plans=False)
    options = replace(options, concurrency=wish.concurrency, kept=wish.kept)
    engine = Engine(counting(), options)
    signal.signal(signal.SIGTERM, lambda *_: engine.stop())
    engine.run()


if __name__ == "__main__":
    main()
