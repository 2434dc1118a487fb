"""Sealed files of yesterday, a local Blob service, and the sink at a quick pace."""

import threading
import time
import uuid

import pytest

from integration.export.cursor import take_over
from integration.export.drain import drain
from integration.export.sealing import seal_next
from integration.export.sinks.blob import target
from integration.export.sinks.blob.service import BlobService, Pace
from integration.export.sinks.csv_files import CsvFiles
from integration.models import BlobCopy
from tests.factories.azurite import azurite
from tests.factories.processes import wait_until
from tests.integration.export.writers import store

QUICK = Pace(poll=0.05, connect=2.0, read=1.0, first_pause=0.05, longest_pause=0.3)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One service for all tests of a module that do it no harm for good."""
    with azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running


@pytest.fixture
def box(service):
    """A container of this test."""
    name = f"box-{uuid.uuid4().hex[:12]}"
    service.client(name).create_container()
    return name


@pytest.fixture
def seal(company, yesterday, root):
    """Stores texts as blocks of yesterday and seals every file; returns the files' names."""

    def seal(*texts, kind="S"):
        store(company, yesterday, *texts, kind=kind)
        drain(root)
        owner = take_over(CsvFiles.name)
        while seal_next(owner, root):
            pass
        return on_disk(root)

    return seal


def on_disk(root):
    """Names below the export folder, without the exporter's own files."""
    files = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(str(path) for path in files if not path.name.startswith("."))


class Running:
    """The sink in a thread of its own."""

    def __init__(self, root, where, pace=QUICK):
        self.stop = threading.Event()
        opened = target.from_url(where) if isinstance(where, str) else where
        self.service = BlobService(self.stop, root, opened, pace)
        self._thread = threading.Thread(target=self.service.run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()


def copied():
    """Names that are done."""
    return sorted(BlobCopy.objects.filter(done_at__isnull=False).values_list("path", flat=True))


def copy_until(root, where, condition, seconds=20.0, pace=QUICK):
    """Run the sink, to a signed address or a Target, until the condition holds."""
    with Running(root, where, pace):
        wait_until(condition, seconds)


def settle(seconds=0.4):
    """Time for several looks."""
    time.sleep(seconds)
