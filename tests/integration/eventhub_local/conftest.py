"""One local Event Hub for all tests of a worker; each test has a hub of its own in it."""

import gc
import itertools

import pytest

from tests.factories.eventhub import local_event_hub

HUBS = 60
_turn = itertools.count()


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    names = {f"hes-{number}": 2 for number in range(HUBS)}
    with local_event_hub(tmp_path_factory.mktemp("eventhub"), names) as running:
        yield running
        assert running.stop() == 0


@pytest.fixture
def name(hub):
    """A hub with two partitions that nobody has used."""
    hub.faults()
    return f"hes-{next(_turn)}"


@pytest.fixture
def leftovers():
    """After a cut connection the SDK leaves sockets to the garbage collector: collect them here.

    Goes with `sdk.LEAVES_SOCKETS`, which forgives the warnings.
    """
    yield
    gc.collect()
