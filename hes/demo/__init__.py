"""`hes demo`: the whole system with a simulated field, from one command.

Composition root: it starts servers and processes and uses the same services as everybody else -
the provisioning import, the planner, the engine's queue, the exporter.
"""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hes.demo.console import step
from hes.demo.options import Options, parse
from hes.demo.ports import choose_listening
from hes.demo.trouble import DemoError
from hes.embedded import EmbeddedServers
from hes.lib.home import default_home
from hes.servers.errors import ServerError
from hes.supervisor import AlreadySupervisedError

FAILED = 1


def main(arguments: list[str]) -> int:
    """Run the demo; returns the exit code: 0, or 1 with the reason on standard error."""
    options = parse(arguments)
    try:
        return _run(options)
    except (DemoError, ServerError, AlreadySupervisedError) as fault:
        print(f"\nhes demo: {fault}", file=sys.stderr)
        return FAILED


def _run(options: Options) -> int:
    home = _home(options)
    print(f"HES demo; state in {home}", flush=True)
    with _servers(home, fresh=options.once or options.reset):
        with step("Database schema"):
            _migrate()
        return _present(options, home)


def _present(options: Options, home: Path) -> int:
    """Import late: settings are read here, and they need to know the servers and ports."""
    import django

    choose_listening()
    django.setup()
    logging.getLogger().setLevel(logging.WARNING)  # the steps and the bar speak for themselves
    from hes.demo import live, once

    return once.run(options, home) if options.once else live.run(options, home)


def _home(options: Options) -> Path:
    """A one-off run keeps its state apart, so that it never touches a running demo."""
    home = Path(os.environ.get("HES_HOME") or default_home()).absolute()
    return home / "once" if options.once else home


@contextmanager
def _servers(home: Path, *, fresh: bool) -> Iterator[None]:
    """Real servers where DATABASE_URL names one, else the embedded ones of `home`."""
    if os.environ.get("DATABASE_URL"):
        if fresh:
            raise DemoError(
                "DATABASE_URL is set, and --once and --reset begin with an empty database - "
                "unset DATABASE_URL, or run `hes demo` without them"
            )
        os.environ["HES_HOME"] = str(home)
        yield
        return
    servers = EmbeddedServers(home)
    if fresh:
        _forget(servers, home)
    with step("PostgreSQL and Redis"):
        servers.start()
    if servers.redis_url is None:
        print("  Redis cannot start here: everything works by polling.", flush=True)
    try:
        os.environ.update(servers.environment)
        yield
    finally:
        servers.stop()


def _forget(servers: EmbeddedServers, home: Path) -> None:
    """Remove what an earlier run left, database and files; refuses while it runs."""
    servers.erase()
    for name in (
        "export",
        "eventhub",
        "templates",
        "spool",
        "fleet.json",
        "demo.json",
        "field.jsonl",
    ):
        path = home / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _migrate() -> None:
    """As the owner, in a process of its own: this one must stay hes_app."""
    run = subprocess.run(
        [sys.executable, "-m", "hes.cli", "migrate", "--verbosity", "0"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode:
        raise DemoError(f"the schema could not be made:\n{run.stderr.strip()[-2000:]}")
