"""Datagrams of 30 bytes. Receiving and committing them are raced against recvmmsg in C, which
drains the same socket; then `hes listen`, a process of its own, meets bursts at line rate. The
sender shares the two cores with it.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from uuid import uuid4

from benchmarks.bench import Bench
from benchmarks.line_rate import HOST, Limit, compiled, send
from benchmarks.processes import HES, highest, process, wait_until
from benchmarks.race import Result, measured, race
from benchmarks.servers import empty_database
from hes.demo.ports import BOTH, free_port
from listeners import status
from listeners.journal import Run, Sockets
from listeners.receiving import ASKED, Receiver
from listeners.ring import Ring
from listeners.spool import Spool
from listeners.writer import Writer

BURST = 100_000
DEFAULT_BUFFER = 212_992 // 2  # net.core.rmem_default, which counts twice
CHARGED = 1000  # bytes of buffer per small datagram at most; the kernel charges 768 or 832
SETTLED = 2.0  # seconds without another datagram


def run(bench: Bench) -> Iterator[Result]:
    """Ratios first, then the bursts."""
    limit = compiled(bench.home)
    if limit is None:
        print("  no C compiler: the ratios are not measured", flush=True)
    else:
        yield from _ratios(bench, limit)
    yield from _bursts(bench.home, limit)
    yield from _syslog(bench.home, limit)


def _ratios(bench: Bench, limit: Limit) -> Iterator[Result]:
    with closing(Receiver(HOST, 0)) as receiver, empty_database():
        count = min(BURST, 2 * receiver.granted // CHARGED)
        same = {"rounds": bench.rounds, "items": count}

        def in_c() -> float:
            limit.send(receiver.port, count)
            held, seconds = limit.drain(receiver.fileno())
            assert held == count
            return seconds

        def received() -> float:
            limit.send(receiver.port, count)
            return _seconds(lambda: _drain(receiver, Ring()), count)

        yield race("UDP receive loop", received, in_c, promise=0.6, **same)
        with _writing(bench.home) as (ring, poked):

            def committed() -> float:
                limit.send(receiver.port, count)
                return _seconds(lambda: _commit(receiver, ring, poked), count)

            yield race("UDP raw journal committed", committed, in_c, promise=0.25, **same)


def _seconds(work: Callable[[], int], wanted: int) -> float:
    begin = time.perf_counter()
    assert work() == wanted
    return time.perf_counter() - begin


def _drain(receiver: Receiver, ring: Ring) -> int:
    count = 0
    while batch := receiver.receive():
        ring.put(batch)
        count += len(batch.sizes)
    return count


def _commit(receiver: Receiver, ring: Ring, poked: Event) -> int:
    """Until the last block is committed."""
    before = status.read().received
    count = _drain(receiver, ring)
    while status.read().received < before + count:
        poked.wait()
        poked.clear()
    return count


@contextmanager
def _writing(home: Path) -> Iterator[tuple[Ring, Event]]:
    """A ring that is written, and what is set by each commit."""
    ring, poked = Ring(), Event()
    run = Run(uuid4(), "bench", "")
    with closing(Spool(home / "spool-ratio", 2**30)) as spool:
        writer = Writer(run, ring, spool, lambda: Sockets(0, 0, ASKED), poked.set)
        writer.start()
        try:
            yield ring, poked
        finally:
            writer.stop()


# --- bursts -----------------------------------------------------------------------------------


def _bursts(home: Path, limit: Limit | None) -> Iterator[Result]:
    with empty_database(), _listening(home, "large", ASKED) as (port, pid):
        granted = status.read().listeners[-1].buffer
        seconds, stored, drops = _burst(limit, port)
        is_granted = granted >= ASKED
        if not is_granted:
            print(f"  64 MiB are not granted, {granted:,} bytes are: no pass", flush=True)
        notes = {"lost": BURST - stored, "counted drops": drops, "granted MiB": granted / 2**20}
        name = "burst of 100,000 at line rate, lost"
        promise = 0.0 if is_granted else None
        yield measured(name, [BURST - stored], "lost", promise, at_most=True, notes=notes)
        yield measured("the same, first sent to last stored", [seconds], "s", 10.0, at_most=True)
        yield measured("memory of hes listen", [highest(pid)], "MB", 200.0, at_most=True)
    with empty_database(), _listening(home, "small", DEFAULT_BUFFER) as (port, _):
        _, stored, drops = _burst(limit, port)
        lost = BURST - stored
        print(f"  default buffer: {lost:,} lost, the metric says {drops:,}", flush=True)
        seen = drops / lost if lost else 0.0
        yield measured("default buffer: drops told of / lost", [seen], "ratio", 1.0)


def _burst(limit: Limit | None, port: int) -> tuple[float, int, int]:
    """Seconds until the last one was stored, how many were, and how many the metric misses."""
    begin = time.perf_counter()
    send(limit, port, BURST)
    stored, changed = 0, time.perf_counter()
    while time.perf_counter() - changed < SETTLED and stored < BURST:
        now = status.read().received
        if now > stored:
            stored, changed = now, time.perf_counter()
        time.sleep(0.01)
    if stored < BURST:
        time.sleep(SETTLED)  # until the listener has told of its drops
    return changed - begin, stored, status.read().kernel_drops


@contextmanager
def _listening(home: Path, name: str, buffer: int) -> Iterator[tuple[int, int]]:
    """A port of a fresh listener, and its process id."""
    ready = home / f"listener-{name}.ports"
    wanted = {
        "HES_WAKE_UP_PORT": str(free_port(0, BOTH)),
        "HES_LAST_GASP_PORT": str(free_port(0, BOTH)),
        "HES_LISTEN_BUFFER": str(buffer),
        "HES_LISTEN_SPOOL": str(home / f"spool-{name}"),
    }
    argv = (*HES, "listen", "--ready-file", str(ready))
    with process(argv, home, f"listener-{name}", **wanted) as running:
        wait_until(ready.exists, "hes listen", running)
        wait_until(lambda: bool(status.read().listeners), "its first word", running)
        yield int(ready.read_text().split()[0]), running.pid


# --- rsyslog ----------------------------------------------------------------------------------


def _syslog(home: Path, limit: Limit | None) -> Iterator[Result]:
    """How much of the same burst rsyslog's imudp writes into a file; informs only."""
    program = shutil.which("rsyslogd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        print("  rsyslog is not installed: not compared", flush=True)
        return
    port, output = free_port(0, BOTH), home / "syslog.out"
    settings = home / "rsyslog.conf"
    settings.write_text(
        f'module(load="imudp")\n'
        f'input(type="imudp" address="{HOST}" port="{port}" rcvbufSize="64m")\n'
        f'action(type="omfile" file="{output}")\n'
    )
    argv = (program, "-n", "-f", str(settings), "-i", str(home / "rsyslog.pid"))
    with process(argv, home, "rsyslog") as running:
        wait_until(lambda: _is_bound(port), "rsyslogd", running)
        begin = time.perf_counter()
        send(limit, port, BURST)
        written = _settled(output)
    seconds = written[1] - begin
    yield measured(
        "rsyslog imudp into a file, the same burst, lost", [BURST - written[0]], "lost",
        notes={"s": seconds},
    )  # fmt: skip


def _is_bound(port: int) -> bool:
    wanted = f":{port:04X} "
    return wanted in Path("/proc/net/udp").read_text()


def _settled(output: Path) -> tuple[int, float]:
    """Lines of the file once it grows no more, and the moment of the last change."""
    size, changed = 0, time.perf_counter()
    while time.perf_counter() - changed < SETTLED:
        now = output.stat().st_size if output.exists() else 0
        if now > size:
            size, changed = now, time.perf_counter()
        time.sleep(0.01)
    lines = output.read_bytes().count(b"\n") if output.exists() else 0
    return lines, changed
