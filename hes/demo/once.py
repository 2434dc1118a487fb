"""`hes demo --once`: collect past days of a simulated field once, and prove what came out."""

import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from devices.drivers.base import Period
from hes.demo import company, field, processes, stream, summary
from hes.demo.console import Progress, step
from hes.demo.options import Options
from hes.demo.ports import free_port
from hes.demo.trouble import DemoError
from hes.domain.time import local_day, utc
from hes.supervisor import Child, Supervisor
from integration.export.cursor import Position, has_more
from integration.export.sinks.csv_files import CsvFiles
from integration.models import SinkCursor
from workorders import slots

ACTIVITIES = ("daily_closure", "load_profile", "measurands", "cedata", "voltage_interruption")
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # only what is asked for is collected
PATIENCE = 120.0  # seconds without any progress before the demo gives up


def run(options: Options, home: Path) -> int:
    """Returns 0 when every collection is done and exported, else 1 with the reason."""
    begin = time.monotonic()
    owner = company.make_company()
    last = options.until or datetime.now(owner.zone).date() - timedelta(days=1)
    days = [last - timedelta(days=back) for back in reversed(range(options.days))]
    _check_past(last, owner.zone.key)
    company.accept_days_since(owner, days[0], datetime.now(UTC).date())
    window = Period(local_day(days[0], owner.zone)[0] + 1, local_day(days[-1], owner.zone)[1])
    with step(f"Import of {options.concentrators} concentrators from templates"):
        fleet = field.provision(owner, options, home, utc(window.first - 1), NEVER)
    ready = home / "run" / "field.json"
    ready.unlink(missing_ok=True)
    flow = stream.prepare(home, free_port(0))
    supervisor = Supervisor(home, _children(options, days[0], ready, flow))
    supervisor.start()
    try:
        with step("Simulated field listens"):
            field.wait_until_ready(ready, supervisor.tick)
            field.connect(ready, owner)
        total = slots.request(fleet.concentrator_ids, ACTIVITIES, window, datetime.now(UTC))
        _wait_for_visits(supervisor, total)
        with step("Files written"):
            _wait_for(supervisor, _files_are_behind, "exporter")
        with step("Hubs served"):
            _wait_for(supervisor, stream.is_behind, "relay")
        elapsed = time.monotonic() - begin
        with step("Hubs read again by a subscriber"):
            streamed = stream.compare(flow)
    finally:
        supervisor.stop()
    result = summary.read(owner, days, elapsed, home, streamed)
    print(f"\n{summary.table(result)}\n")
    if options.json:
        options.json.write_text(json.dumps(result.as_json(), indent=2) + "\n", encoding="utf-8")
    if lacking := [hub for hub, found in streamed.items() if not stream.is_complete(found)]:
        raise DemoError(f"{', '.join(lacking)}: messages do not match the blocks; see the table")
    if result.slots_failed:
        raise DemoError(f"{result.slots_failed} collections failed; see {home / 'logs'}")
    return 0


def _check_past(last: date, zone: str) -> None:
    if last >= datetime.now(UTC).date():
        raise DemoError(f"--until {last} is not over yet in {zone} - give a past day")


def _children(options: Options, first: date, ready: Path, flow: stream.Stream) -> list[Child]:
    kept = (datetime.now(UTC).date() - first).days + 2
    field_side = processes.simulator(
        options.seed, options.concentrators, options.meters, ready,
        ("--retention-days", str(kept), "--answer-share", "1"),
    )  # fmt: skip
    return [*flow.children, field_side, processes.worker(), *processes.exporters()]


def _wait_for_visits(supervisor: Supervisor, total: int) -> None:
    bar = Progress("Collecting")
    best, moved = -1, time.monotonic()
    while (open_slots := slots.open_count()) > 0:
        supervisor.tick()
        done = total - open_slots
        bar.show(done, total)
        if done != best:
            best, moved = done, time.monotonic()
        if time.monotonic() - moved > PATIENCE:
            raise DemoError(f"no collection ended for {PATIENCE:.0f} s; see the logs of the worker")
        time.sleep(0.1)
    bar.show(total, total)
    bar.end()


def _wait_for(supervisor: Supervisor, is_behind: Callable[[], bool], process: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while is_behind():
        supervisor.tick()
        if time.monotonic() > deadline:
            raise DemoError(f"the {process} does not catch up; see the log of the {process}")
        time.sleep(0.1)


def _files_are_behind() -> bool:
    at = SinkCursor.objects.filter(sink=CsvFiles.name).first()
    return at is None or has_more(Position(at.xid, at.block_id))
