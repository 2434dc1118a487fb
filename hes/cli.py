"""``hes``: one friendly front over Django's management commands and our own entry points."""

import importlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import ManagementUtility, get_commands
from django.db import connections

from hes.demo.announcement import join
from hes.lib.home import default_home
from hes.lib.no_database.base import NoDatabaseError, refuse_without
from hes.lib.processes import die_with

USAGE_ERROR = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of ``hes --help``.

    `command` is the management command; `function` ("module:name", called with the arguments,
    returning an exit code) stands in for it where settings must not be read yet. Processes that
    would wait for a database for ever say `needs_database`: without an address they do not start.
    """

    name: str
    summary: str
    command: str = ""
    function: str = ""
    as_owner: bool = False
    needs_database: bool = False


ENTRIES = (
    Entry("demo", "run the whole system with a simulated fleet", function="hes.demo:main"),
    Entry("migrate", "make or update the database schema (as hes_owner)", as_owner=True),
    Entry("company", "make a company with standard profiles"),
    Entry("import", "load a provisioning template (CSV)", command="import_template"),
    Entry("export-template", "write the inventory as a template", command="export_template"),
    Entry("associate", "put a meter under a concentrator by hand"),
    Entry("disassociate", "take a meter from its concentrator by hand"),
    Entry("model-keys", "load the public keys of a meter model", command="model_keys"),
    Entry("settings", "show or change a company's settings", command="company_settings"),
    Entry(
        "spontaneous-profile",
        "what concentrators report by themselves: list, add, change",
        command="spontaneous_profile",
        needs_database=True,
    ),
    Entry("user", "users of a company, and tokens of their programs", needs_database=True),
    Entry("web", "serve the portal and the health probes", needs_database=True),
    Entry("worker", "visit devices and run tasks", needs_database=True),
    Entry("beat", "tick the schedules"),
    Entry("order", "work orders: submit, list, show, cancel, approve ...", needs_database=True),
    Entry("campaign", "one order for many devices: create, approve, start", needs_database=True),
    Entry("firmware", "images of firmware: add, release, list", needs_database=True),
    Entry("freeze", "stop all disconnections and reductions: on, off, status", needs_database=True),
    Entry("protect", "PODs that no mass order disconnects: add, remove, list", needs_database=True),
    Entry("holiday", "days without disconnections: add, remove, list", needs_database=True),
    Entry(
        "local-result",
        "report what the field app did at meters: import FILE",
        command="local_result",
        needs_database=True,
    ),
    Entry("script", "scripts of orders: add, release, list, show", needs_database=True),
    Entry("outages", "what is out, how it went, figures per day", needs_database=True),
    Entry("verify", "check what must be true of stored orders and outages", needs_database=True),
    Entry("export", "write export files: run, status, ...", needs_database=True),
    Entry(
        "maintain",
        "keep partitions: make the next, drop the old (as hes_owner)",
        as_owner=True,
        needs_database=True,
    ),
    Entry("listen", "take wake-ups and last gasps in (UDP and TCP)", needs_database=True),
    Entry("listeners", "what listeners heard and lost: status, last, forget", needs_database=True),
    Entry("decode-datagram", "say what a datagram means: HEX", command="decode_datagram"),
    Entry("simulate", "run a simulated fleet"),
    Entry("eventhub", "run a local Event Hub for development and tests"),
    Entry("tail", "show the messages of a hub as they come"),
    Entry("check", "check settings and models"),
    Entry("createsuperuser", "make a portal user with all rights"),
)
BY_NAME = {entry.name: entry for entry in ENTRIES}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hes.settings")
    _end_with_parent()
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in {"-h", "--help", "help"}:
        print(help_text())
        return 0
    try:
        return _run(BY_NAME.get(name) or Entry(name, ""), rest)
    except (ImproperlyConfigured, NoDatabaseError) as fault:
        print(f"hes {name}: {fault}", file=sys.stderr)
        return USAGE_ERROR


def help_text() -> str:
    """The list of commands, one line each."""
    lines = [f"  {entry.name:20}{entry.summary}" for entry in ENTRIES]
    return "\n".join(
        ["usage: hes COMMAND [OPTIONS]", "", *lines, "", "`hes COMMAND --help` says more."]
    )


def _end_with_parent() -> None:
    """`make demo` names itself in HES_END_WITH_PARENT: should it be killed, we end as well."""
    if parent := os.environ.pop("HES_END_WITH_PARENT", ""):
        die_with(int(parent), signal.SIGTERM)()


def _run(entry: Entry, arguments: list[str]) -> int:
    if entry.function:
        return _function(entry.function)(arguments)
    join(Path(os.environ.get("HES_HOME") or default_home()), os.environ)
    if entry.as_owner:
        os.environ["HES_ROLE"] = "owner"
    if entry.needs_database and not {"-h", "--help"} & set(arguments):
        refuse_without(connections["default"])
    command = entry.command or entry.name
    django.setup()  # before it Django knows only its own commands
    if command not in get_commands():
        print(f"hes: unknown command: {entry.name}\n\n{help_text()}", file=sys.stderr)
        return USAGE_ERROR
    # Under our own name, which is what its --help prints.
    utility = ManagementUtility(["hes", command])
    utility.fetch_command(command).run_from_argv(["hes", entry.name, *arguments])
    return 0


def _function(path: str) -> Callable[[list[str]], int]:
    module, _, name = path.partition(":")
    function: Callable[[list[str]], int] = getattr(importlib.import_module(module), name)
    return function


if __name__ == "__main__":
    sys.exit(main())
