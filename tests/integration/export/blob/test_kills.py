"""The sink as a process that is killed, loses answers, loses its database; and what it needs."""

import contextlib
import hashlib
import multiprocessing
import random
import resource
import signal
import threading
import time

import pytest
from django.db import connection

from devices import alarms
from hes.lib.processes import PR_SET_PDEATHSIG, _libc
from integration.export.sinks.blob import target
from integration.export.sinks.blob.service import BlobService
from integration.models import BlobCopy, ExportFile, SinkCursor
from tests.factories.processes import wait_until
from tests.integration.export.blob.conftest import QUICK, Running, copied, copy_until
from tests.integration.export.blob.lossy import lossy_line
from tests.integration.export.writers import lines, session

KILLS = 12
MEBIBYTE = 1024 * 1024
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
fork = multiprocessing.get_context("fork")


def _seal_zeros(root, company, day, number, size):
    """A sealed file of that many zero bytes, which takes no room on the disk."""
    path = root / f"demo/VV_{day}_{number}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    path.with_name(f"{path.name}.done").write_text("{}\n")
    sha256 = hashlib.sha256(b"")
    for _ in range(size // MEBIBYTE):
        sha256.update(bytes(MEBIBYTE))
    return ExportFile.objects.create(
        company_id=company.pk,
        kind="VV",
        day=day,
        number=number,
        path=str(path.relative_to(root)),
        size=size,
        sha256=sha256.hexdigest(),
        header="",
        sealed_at=f"{day}T23:59Z",
    )


def _serve(root, url):
    _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    BlobService(threading.Event(), root, target.from_url(url), QUICK).run()


@contextlib.contextmanager
def _process(root, url):
    connection.close()  # a session must not be shared over a fork
    process = fork.Process(target=_serve, args=(root, url), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join(10)


@pytest.mark.parametrize("permissions", ["cw", "cwr"])
def test_a_process_killed_again_and_again_copies_each_file_once(
    service, box, company, yesterday, seal, root, permissions
):
    names = seal(lines(1, 3))
    for number in range(1, 7):
        file = _seal_zeros(root, company, yesterday, number, 9 * MEBIBYTE)
        names += [file.path, f"{file.path}.done"]
    names = sorted(name for name in names if "manifest" not in name)
    names.append(f"demo/manifest_{yesterday}.json")
    dice = random.Random(7)  # noqa: S311 - a repeatable course
    url = service.container_url(box, permissions)
    killed = 0
    for _ in range(KILLS):
        with _process(root, url):
            time.sleep(dice.uniform(0.05, 0.4))
            killed += len(copied()) < len(names)
    copy_until(root, url, lambda: copied() == sorted(names), seconds=40)
    assert killed > KILLS / 3, "the kills met work"
    assert not alarms.open_alarms().exists()
    for name in names:
        blob = service.client(box).download_blob(name).readall()
        assert blob == (root / name).read_bytes()
    total = sum((root / name).stat().st_size for name in names)
    assert SinkCursor.objects.get(sink="blob").bytes == total, "each is counted once"


@pytest.mark.parametrize("permissions", ["cw", "cwr"])
def test_lost_answers_lose_no_file_and_refuse_none(
    service, box, company, yesterday, seal, root, permissions
):
    seal(lines(1), kind="M")
    names = seal(lines(2))
    large = _seal_zeros(root, company, yesterday, 1, 9 * MEBIBYTE)
    names = sorted([*names, large.path, f"{large.path}.done"])
    with lossy_line(service.port, share=0.3) as line:
        url = service.container_url(box, permissions)
        lossy = url.replace(f":{service.port}/", f":{line.port}/")
        copy_until(root, lossy, lambda: copied() == names, seconds=40)
        assert line.lost > 3
    assert not BlobCopy.objects.filter(refused_at__isnull=False).exists()
    for name in names:
        assert service.client(box).download_blob(name).readall() == (root / name).read_bytes()


def test_the_sink_outlives_the_loss_of_its_database_session(service, box, seal, root):
    with Running(root, service.container_url(box)), session() as admin:
        wait_until(lambda: SinkCursor.objects.filter(sink="blob").exists())
        names = seal(lines(1))
        wait_until(lambda: copied() == names)
        with admin.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = current_user AND datname = current_database() AND pid <> ALL(%s)",
                [[admin.get_backend_pid(), connection.connection.info.backend_pid]],
            )
            admin.commit()
        more = seal(lines(2))
        wait_until(lambda: copied() == more)


def test_memory_stays_flat_for_a_large_file(service, box, company, yesterday, root):
    url = service.container_url(box)
    receiver, sender = fork.Pipe(duplex=False)
    small = _seal_zeros(root, company, yesterday, 1, 12 * MEBIBYTE)
    connection.close()

    def measure():
        for path in (small.path, f"demo/VV_{yesterday}_2.csv"):
            copy_until(root, url, lambda path=path: f"{path}.done" in copied(), seconds=60)
            sender.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
            if path == small.path:
                _seal_zeros(root, company, yesterday, 2, 100 * MEBIBYTE)

    process = fork.Process(target=measure, daemon=True)
    process.start()
    before, after = receiver.recv(), receiver.recv()
    process.join(10)
    assert after - before < 12 * 1024, f"{after - before} kB more for a file of 100 MiB"
    blob = service.client(box).get_blob_client(f"demo/VV_{yesterday}_2.csv")
    assert blob.get_blob_properties().size == 100 * MEBIBYTE
