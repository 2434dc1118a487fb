"""An embedded Redis: Unix socket only, nothing kept on disk, ends with us.

It carries wake-ups, never work, so that it may fail to start.
"""

import signal
import socket
import time
from pathlib import Path

from hes.lib.processes import Launch
from hes.servers.places import Places
from hes.servers.server import Server

START_SECONDS = 10.0


class Redis(Server):
    """One Redis server in `places`."""

    name = "redis"
    stop_signals = (signal.SIGTERM,)
    patience = 5.0

    def __init__(self, places: Places, bin_dir: Path) -> None:
        super().__init__(places)
        self._bin = bin_dir

    @property
    def url(self) -> str:
        """``unix://<socket>``."""
        return f"unix://{self._socket}"

    @property
    def _socket(self) -> Path:
        return self._places.sockets / "redis"

    def start(self) -> None:
        """Start and wait for an answer. Raises ServerError or OSError."""
        self._spawn(self._launch())
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._running.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise self._not_started()
            time.sleep(0.01)

    def _launch(self) -> Launch:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._places.sockets),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
        }
        argv = [str(self._bin / "redis-server")]
        for name, value in options.items():
            argv += [f"--{name}", value]
        return Launch(argv, {"PATH": "/usr/bin:/bin"}, self._places.run_as, signal.SIGTERM)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1)
            try:
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(7) == b"+PONG\r\n"
            except OSError:
                return False
