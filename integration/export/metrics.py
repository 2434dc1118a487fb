"""The export as Prometheus sees it: the same queries as `hes export status`, at each scrape.

Nothing is kept in the process, so every process that is asked gives the same answer.
"""

from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import connection
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from hes.lib.metrics import gauge, single
from integration.export import horizon, lag
from integration.export.lag import SinkStatus
from integration.export.status import dead_letters, open_alarms
from workorders import disk

Measure = Callable[[SinkStatus], float]

GAUGES: dict[str, tuple[str, Measure]] = {
    "hes_export_lag_lines": ("Lines that wait for the sink.", lambda s: s.lag.lines),
    "hes_export_lag_bytes": ("Bytes of these lines, as text.", lambda s: s.lag.bytes),
    "hes_export_lag_seconds": ("Age of the oldest of them.", lambda s: s.lag.age or 0.0),
    "hes_export_enabled": ("0: given up by an operator.", lambda s: s.is_enabled),
    "hes_export_served": ("0: no process holds the sink.", lambda s: s.is_served),
    "hes_export_failing_seconds": ("How long it has been failing.", lambda s: s.failing or 0.0),
}
COUNTERS: dict[str, tuple[str, Measure]] = {
    "hes_export_delivered_lines": ("Lines delivered, repeats too.", lambda s: s.lines),
    "hes_export_delivered_messages": ("Messages delivered to a hub.", lambda s: s.messages),
}
FILES = """
SELECT count(*) FILTER (WHERE sealed_at IS NULL), count(sealed_at) FROM export_file
"""


class ExportCollector(Collector):
    """Reads the database when it is asked."""

    def collect(self) -> Iterator[Metric]:
        """All families; a sink that was never started has no sample."""
        yield from _of_sinks(lag.sinks())
        yield _horizon()
        yield from _trouble()
        yield from _files()
        yield from _disk()


def _of_sinks(sinks: list[SinkStatus]) -> Iterator[Metric]:
    for name, (text, measure) in GAUGES.items():
        yield gauge(name, text, ["sink"], (([s.sink], measure(s)) for s in sinks))
    for name, (text, measure) in COUNTERS.items():
        counter = CounterMetricFamily(name, text, labels=["sink"])
        for sink in sinks:
            counter.add_metric([sink.sink], measure(sink))
        yield counter


def _horizon() -> Metric:
    """One sample always: without a holder its labels are empty."""
    holder = horizon.holder()
    sample = ([str(holder.pid or ""), holder.name], holder.age) if holder else (["", ""], 0.0)
    text = "Age of the transaction below which nothing may be exported."
    return gauge("export_horizon_age_seconds", text, ["pid", "name"], [sample])


def _trouble() -> Iterator[Metric]:
    letters = (([sink], count) for sink, count in dead_letters().items())
    yield gauge("hes_export_dead_letters", "Messages parked, not sent since.", ["sink"], letters)
    alarms = (([alarm.name, alarm.subject], 1) for alarm in open_alarms())
    yield gauge("hes_export_alarm", "1: the alarm is open.", ["name", "subject"], alarms)


def _files() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        cursor.execute(FILES)
        growing, sealed = cursor.fetchone()
    yield single("hes_export_files_open", "Daily files that may still grow.", growing)
    yield single("hes_export_files_sealed", "Daily files closed for good.", sealed)
    waiting = lag.copies_waiting()
    yield single("hes_blob_copies_waiting", "Sealed files not copied to Blob yet.", waiting)


def _disk() -> Iterator[Metric]:
    path = settings.DATABASE_DISK
    free = disk.free_bytes(path)
    known = [] if free is None else [([str(path)], free)]
    yield gauge("hes_disk_free_bytes", "Free where the database lies.", ["path"], known)
    floor = [([str(path)], settings.DISK_FLOOR)]
    yield gauge("hes_disk_floor_bytes", "Below it no bulk visits start.", ["path"], floor)
