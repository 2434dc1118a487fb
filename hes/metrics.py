"""What Prometheus scrapes: the collectors of all parts, read at each scrape."""

from prometheus_client import CollectorRegistry, generate_latest

from integration.export.metrics import ExportCollector
from listeners.metrics import ListenerCollector

COLLECTORS = (ExportCollector, ListenerCollector)


def exposition() -> bytes:
    """What a scrape gets, in the text format."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in COLLECTORS:
        registry.register(collector())
    return generate_latest(registry)
