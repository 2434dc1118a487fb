"""The listeners as Prometheus sees them: what `hes listeners status` reads, at each scrape."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from hes.lib.metrics import gauge
from listeners import counts, status
from listeners.status import RunStatus, Status

GAUGES: dict[str, tuple[str, Callable[[RunStatus], float]]] = {
    "hes_listener_alive": ("0: it is silent.", lambda run: run.is_alive),
    "hes_listener_lag_seconds": ("Age of the oldest datagram not stored.", lambda run: run.lag_s),
    "hes_listener_spooled": ("Datagrams that wait on disk.", lambda run: run.spooled),
    "hes_listener_buffer_bytes": ("Receive buffer that was granted.", lambda run: run.buffer),
}
COUNTERS: dict[str, tuple[str, Callable[[Status], float]]] = {
    "hes_listener_received": ("Datagrams in the raw journal.", lambda s: s.received),
    "hes_listener_kernel_drops": ("Datagrams lost for want of buffer.", lambda s: s.kernel_drops),
    "hes_listener_refused": ("Connections beyond the limit.", lambda s: s.refused),
    "hes_listener_stored": ("Messages that were believed and new.", lambda s: s.stored),
    "hes_listener_duplicates": ("Messages that were said before.", lambda s: s.duplicates),
    "hes_listener_suspects": ("Messages that were not believed.", lambda s: s.suspects),
    "hes_listener_rejected": ("Datagrams that say nothing we know.", lambda s: s.rejected),
}


class ListenerCollector(Collector):
    """Reads the database when it is asked."""

    def collect(self) -> Iterator[Metric]:
        """All families; gauges of each run that was seen within a day."""
        now = status.read()
        for name, (text, measure) in GAUGES.items():
            samples = (([run.host, run.ports], float(measure(run))) for run in now.listeners)
            yield gauge(name, text, ["host", "ports"], samples)
        for name, (text, total) in COUNTERS.items():
            yield CounterMetricFamily(name, text, value=total(now))
        yield _reasons()


def _reasons() -> Metric:
    """Unknown serials, strange addresses, wrong lengths: each by its name."""
    text, labels = "Datagrams by verdict and reason.", ["verdict", "reason"]
    family = CounterMetricFamily("hes_listener_understood", text, labels=labels)
    for verdict, reason, count in counts.by_reason():
        family.add_metric([verdict, reason], count)
    return family
