"""Which sinks there are: by the settings of this process, and by what was ever started."""

from django.conf import settings

from hes.domain.errors import HesError
from integration.export.messages.routes import HubsShared, routes
from integration.models import SinkCursor

CSV_FILES, BLOB, HUBS = "csv_files", "blob", "hubs"

NAMED = 24  # sinks in an error; `hes export status` lists all


class UnknownSink(HesError):
    """No sink has this name, or it was never started."""


def configured() -> list[str]:
    """The services that the settings describe; daily files always."""
    hubs = settings.EVENT_HUB_CONNECTION_STRING or settings.EVENT_HUB_NAMESPACE
    blob = settings.BLOB_CONTAINER_URL or settings.BLOB_CONNECTION_STRING
    return [CSV_FILES, *([HUBS] if hubs else []), *([BLOB] if blob else [])]


def never_started() -> list[str]:
    """Sinks that the settings describe and that nobody has served yet, by name."""
    wanted = set(configured())
    if HUBS in wanted:
        wanted = wanted - {HUBS} | _hub_sinks()
    return sorted(wanted - set(SinkCursor.objects.values_list("sink", flat=True)))


def started(sink: str) -> SinkCursor:
    """The sink's row. Raises UnknownSink, which names those there are."""
    row = SinkCursor.objects.filter(sink=sink).first()
    if row is None:
        names = list(SinkCursor.objects.order_by("sink").values_list("sink", flat=True))
        shown = ", ".join([*names[:NAMED], *(["..."] if names[NAMED:] else [])])
        raise UnknownSink(f"no sink {sink!r} was ever started; there are: {shown or 'none yet'}")
    return row


def _hub_sinks() -> set[str]:
    """None where companies would share hubs: then nothing is sent, and an alarm says so."""
    try:
        return {route.sink for route in routes()}
    except HubsShared:
        return set()
