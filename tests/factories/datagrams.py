"""Senders of datagrams, and listeners to send them to."""

import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from listeners.duties import Duty
from listeners.server import Listener, Options
from tests.factories.processes import listening_port

HOST = "127.0.0.1"
BUFFER = 8 * 1024 * 1024
SAMPLE = bytes.fromhex("011300184E6B001214030902071532314C564D3530414530303038313602")


def send(port: int, datagrams: Iterable[bytes]) -> int:
    """All from one socket; returns its port."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
        sender.connect((HOST, port))
        for datagram in datagrams:
            sender.send(datagram)
        own: int = sender.getsockname()[1]
        return own


class Running:
    """A listener in a thread of this process, with the ports it got."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.ports: list[int] = []
        self.is_ready = threading.Event()
        self.thread = threading.Thread(target=listener.run)

    def ready(self, ports: list[int]) -> None:
        self.ports = ports
        self.is_ready.set()


@contextmanager
def listening(
    spool: Path, duties: Sequence[Duty] = (), *, buffer: int = BUFFER, limit: int = 2**30
) -> Iterator[Running]:
    """Two ports of its own; at the end everything received is written."""
    first = listening_port()
    options = Options(HOST, (first, listening_port(first)), spool, limit, buffer)
    listener = Listener(options, duties, lambda ports: running.ready(ports))
    running = Running(listener)
    running.thread.start()
    try:
        assert running.is_ready.wait(10), "the listener did not open its ports"
        yield running
    finally:
        listener.stop()
        running.thread.join()
