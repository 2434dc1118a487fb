"""The listener as a whole, through real sockets into the real journal."""

import logging
import random
import socket
import threading

import pytest
from django.db import connection

from devices.protocol.wrapper import frame
from listeners import server as module
from listeners import writer as writer_module
from listeners.batches import KEPT
from listeners.duties import Duty
from listeners.journal import Journal
from listeners.models import Datagram, ListenerRun
from listeners.server import SMALL_BUFFER, CannotListen, Listener, Options, WriterDied
from listeners.spool import SpoolInUse
from tests.factories.datagrams import HOST, SAMPLE, listening, send
from tests.factories.processes import listening_port, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "spool"


def _kept() -> list[bytes]:
    return [bytes(raw) for raw in Datagram.objects.order_by("id").values_list("raw", flat=True)]


def _numbered(count: int, begin: int = 0) -> list[bytes]:
    return [number.to_bytes(4, "big") for number in range(begin, begin + count)]


def test_what_is_sent_is_in_the_journal(spool):
    with listening(spool) as running:
        source = send(running.ports[1], [SAMPLE])
    row = Datagram.objects.get()
    assert (row.source, row.source_port, row.port) == (HOST, source, running.ports[1])
    assert (row.is_stream, row.size, bytes(row.raw)) == (False, len(SAMPLE), SAMPLE)
    run = ListenerRun.objects.get()
    assert (run.received, run.spooled, run.waiting_since) == (1, 0, None)
    assert run.ended_at is not None
    assert str(running.ports[1]) in run.ports


def test_it_is_there_before_the_listener_ends(spool):
    with listening(spool) as running:
        send(running.ports[0], [SAMPLE])
        wait_until(Datagram.objects.exists)


def test_both_ports_take_the_same_in_udp_and_tcp(spool):
    push = frame(1, 102, b"\x0f\0\0\0\1\0")
    with listening(spool) as running:
        for port in running.ports:
            send(port, [SAMPLE])
            with socket.create_connection((HOST, port)) as stream:
                stream.sendall(push)
        wait_until(lambda: Datagram.objects.count() == 4)
    kept = set(Datagram.objects.values_list("port", "is_stream", "size"))
    wanted = [(False, len(SAMPLE)), (True, len(push))]
    assert kept == {(port, *rest) for port in running.ports for rest in wanted}


def test_a_burst_is_kept_whole_and_in_its_order(spool):
    with listening(spool) as running:
        send(running.ports[0], _numbered(5_000))
        wait_until(lambda: Datagram.objects.count() == 5_000)
    assert _kept() == _numbered(5_000)


BAD = [b"", b"\0", bytes(1472), bytes(65_507), b"\x01\x13\0\x18" + bytes(26), "é".encode() * 15]


def test_bad_input_is_kept_and_never_raised(spool, caplog):
    dice = random.Random(3)  # noqa: S311 - noise
    noise = [dice.randbytes(dice.randrange(600)) for _ in range(2_000)]
    cut = [SAMPLE[:length] for length in range(len(SAMPLE))]
    wanted = [*BAD, *noise, *cut, SAMPLE]
    with caplog.at_level(logging.WARNING), listening(spool) as running:
        send(running.ports[0], wanted)
        wait_until(lambda: Datagram.objects.count() == len(wanted))
    assert _kept() == [datagram[:KEPT] for datagram in wanted]
    sizes = Datagram.objects.order_by("id").values_list("size", flat=True)
    assert list(sizes) == [len(datagram) for datagram in wanted]
    told = [one for one in caplog.records if one.name.startswith("listeners")]
    assert [one for one in told if one.msg is not SMALL_BUFFER] == []  # of the host, not of these


def test_duties_are_poked_by_a_commit(spool, monkeypatch):
    monkeypatch.setattr("listeners.rounds.TICK", 60.0)
    seen, arrived = [], threading.Event()

    def look() -> int:
        seen.append(Datagram.objects.count())
        if seen[-1]:
            arrived.set()
        return 0

    with listening(spool, [Duty("look", look)]) as running:
        send(running.ports[0], [SAMPLE])
        assert arrived.wait(10)
    assert seen[-1] == 1


# --- PostgreSQL away --------------------------------------------------------------------------


@pytest.fixture
def sick(monkeypatch):
    """Set it, and the journal fails as a lost connection does."""
    is_sick = threading.Event()
    write, tell = Journal.write, Journal.tell

    def fail() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    def sick_write(self, blocks):
        if is_sick.is_set():
            fail()
        write(self, blocks)

    def sick_tell(self, *facts):
        if is_sick.is_set():
            fail()
        tell(self, *facts)

    monkeypatch.setattr(Journal, "write", sick_write)
    monkeypatch.setattr(Journal, "tell", sick_tell)
    monkeypatch.setattr(writer_module, "RETRY", 0.05)
    return is_sick


def test_without_a_database_everything_waits_on_disk_and_follows_in_order(spool, sick):
    with listening(spool) as running:
        send(running.ports[0], _numbered(500))
        wait_until(lambda: Datagram.objects.count() == 500)
        sick.set()
        for begin in range(500, 1500, 100):
            send(running.ports[0], _numbered(100, begin))
        wait_until(lambda: _datagrams_on_disk(spool))
        assert Datagram.objects.count() == 500
        sick.clear()
        send(running.ports[0], _numbered(500, 1500))
        wait_until(lambda: Datagram.objects.count() == 2_000)
        wait_until(lambda: not _datagrams_on_disk(spool))
    assert _kept() == _numbered(2_000)


def test_what_waits_on_disk_is_written_by_the_next_process(spool, sick):
    sick.set()
    with listening(spool) as running:
        send(running.ports[0], _numbered(300))
        wait_until(lambda: _datagrams_on_disk(spool))
    assert Datagram.objects.count() == 0
    sick.clear()
    with listening(spool) as running:
        wait_until(lambda: Datagram.objects.count() == 300)
        send(running.ports[0], _numbered(10, 300))
    assert _kept() == _numbered(310)
    assert sorted(ListenerRun.objects.values_list("received", flat=True)) == [10, 300]


def test_a_commit_in_doubt_makes_no_second_row(spool, monkeypatch):
    """The answer to COMMIT is lost: the block goes onto disk and comes back."""
    write, lost = Journal.write, []

    def write_and_lose(self, blocks):
        write(self, blocks)
        if not lost:
            lost.append(True)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(Journal, "write", write_and_lose)
    monkeypatch.setattr(writer_module, "RETRY", 0.05)
    with listening(spool) as running:
        send(running.ports[0], _numbered(10))
        wait_until(lambda: lost)
        send(running.ports[0], _numbered(10, 10))
        wait_until(lambda: Datagram.objects.count() == 20)
    assert _kept() == _numbered(20)
    assert ListenerRun.objects.get().received == 20


def test_when_neither_takes_it_nothing_is_lost(spool, sick, caplog):
    sick.set()
    with listening(spool, limit=1) as running:
        send(running.ports[0], _numbered(200))
        wait_until(lambda: "cannot be kept on disk" in caplog.text)
        sick.clear()
        wait_until(lambda: Datagram.objects.count() == 200)
    assert _kept() == _numbered(200)


def test_a_crowded_ring_is_emptied_onto_the_disk(spool, monkeypatch):
    """PostgreSQL works, but too slowly: the disk takes what it cannot."""
    monkeypatch.setattr(writer_module, "DATAGRAMS", 1)
    with listening(spool) as running:
        running.listener._ring._limit = 1000  # 500 bytes are crowded, a datagram has 88
        send(running.ports[0], _numbered(2_000))
        wait_until(lambda: Datagram.objects.count() == 2_000)
    assert _kept() == _numbered(2_000)


def _datagrams_on_disk(spool) -> bool:
    return any(path.stat().st_size for path in spool.glob("*.blocks"))


# --- what cannot be ---------------------------------------------------------------------------


def test_a_small_buffer_is_told_loudly_with_its_cure(spool, caplog, monkeypatch):
    monkeypatch.setattr(module, "Receiver", _stingy)
    with caplog.at_level(logging.WARNING), listening(spool, buffer=64 * 1024 * 1024):
        pass
    assert "sysctl -w net.core.rmem_max=67108864" in caplog.text


def _stingy(address, port, asked):
    receiver = module_receiver(address, port, 50_000)
    assert receiver.granted < asked
    return receiver


module_receiver = module.Receiver


def test_a_port_that_is_taken_is_named(spool):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, 0))
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"{HOST}:{port}: Address already in use"):
            Listener(Options(HOST, [port], spool, 1000), ()).run()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_died_ends_the_process(spool, monkeypatch):
    """Somebody starts it again; to go on listening would lose all in silence."""
    monkeypatch.setattr(Journal, "tell", lambda *_: 1 / 0)
    with pytest.raises(WriterDied):
        Listener(Options(HOST, [listening_port()], spool, 1000), ()).run()


def test_a_spool_in_use_stops_the_start(spool):
    with listening(spool), pytest.raises(SpoolInUse):
        Listener(Options(HOST, [0], spool, 1000), ()).run()
