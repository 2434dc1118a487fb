"""A local Event Hub in a process of its own, and an impatient relay."""

from collections.abc import Iterator

import pytest

from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.patience import Patience
from tests.factories.eventhub import RunningHub, local_event_hub
from tests.integration.eventhub_local.test_tls import tls  # noqa: F401 - a fixture of theirs

# A cancelled opening leaves its writer to the garbage collector, which ends the connection too.
FORGETFUL = pytest.mark.filterwarnings("ignore:.*StreamWriter:ResourceWarning")
PARTITIONS = 4
HUBS = {f"hes-{kind}": PARTITIONS for kind in ("s", "hpe", "bob-s")}


@pytest.fixture
def hub(tmp_path) -> Iterator[RunningHub]:
    with local_event_hub(tmp_path / "eventhub", HUBS) as running:
        yield running


@pytest.fixture
def access(hub):
    return Access(hub.connection_string)


@pytest.fixture
def impatient():
    return Patience(
        open=4.0,
        send=4.0,
        close=0.05,
        first_pause=0.05,
        longest_pause=0.4,
        refused_pause=0.02,
        poll=0.05,
        look=0.5,
        spare=0.1,
        routes=0.3,
        ending=3.0,
    )
