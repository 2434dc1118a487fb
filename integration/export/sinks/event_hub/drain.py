"""Sends what there is and returns: for one-off runs and tests."""

import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

from integration.export import horizon
from integration.export.cursor import START, Position, has_more
from integration.export.drain import NotDrained
from integration.export.messages.routes import Route, routes
from integration.export.sinks.event_hub import dead_letters
from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.patience import Patience
from integration.export.sinks.event_hub.service import HubService
from integration.models import SinkCursor, SinkReplay

LOOK = 0.05  # seconds


def drain_hubs(
    patience: float = 30.0,
    access: Access | None = None,
    waits: Patience = Patience(),  # noqa: B008 - frozen
) -> dict[str, int]:
    """Send every committed block, what is to be replayed included; returns lines per hub.

    Waits up to `patience` seconds in which nothing moves, then raises NotDrained.
    """
    before, stop = _lines(), threading.Event()
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(HubService(stop, access, waits).run)
        try:
            _wait(running, patience)
        finally:
            stop.set()
        running.result()
    return _by_hub(_lines() - before)


def _wait(running: Future[None], patience: float) -> None:
    seen, deadline = _lines(), time.monotonic() + patience
    while (waiting := [route for route in routes() if _has_work(route)]) and not running.done():
        if (now := _lines()) != seen:
            seen, deadline = now, time.monotonic() + patience
        if time.monotonic() > deadline:
            raise NotDrained(_why(waiting))
        time.sleep(LOOK)


def _has_work(route: Route) -> bool:
    row = SinkCursor.objects.filter(sink=route.sink).first()
    if row is None:
        return has_more(START, route.stream)
    return row.is_enabled and (
        has_more(Position(row.xid, row.block_id), route.stream)
        or SinkReplay.objects.filter(sink=route.sink, done_at=None).exists()
        or dead_letters.asked(route.sink) is not None
    )


def _why(waiting: list[Route]) -> str:
    sinks = [route.sink for route in waiting]
    errors = SinkCursor.objects.filter(sink__in=sinks).exclude(last_error="")
    reasons = [f"{row.sink}: {row.last_error}" for row in errors]
    return "; ".join(reasons) or f"{', '.join(sinks)} wait for the horizon, held {horizon.holder()}"


def _lines() -> Counter[str]:
    hubs = SinkCursor.objects.filter(sink__startswith="hub/")
    return Counter(dict(hubs.values_list("sink", "lines")))


def _by_hub(lines: Counter[str]) -> dict[str, int]:
    hubs: Counter[str] = Counter()
    for route in routes():
        hubs[route.hub] += lines[route.sink]
    return {hub: count for hub, count in sorted(hubs.items()) if count}
