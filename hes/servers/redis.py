"""An embedded Redis: Unix socket only, nothing kept on disk, ends with us.

It carries wake-ups, never work, so that it may fail to start.
"""

import signal
import socket
import subprocess
import time
from pathlib import Path

from hes.lib.processes import Launch, open_log, spawn, stop
from hes.servers.errors import ServerError
from hes.servers.places import Places

START_SECONDS = 10.0
STOP_SIGNALS = (signal.SIGTERM,)


class Redis:
    """One Redis server in `places`."""

    def __init__(self, places: Places, bin_dir: Path) -> None:
        self._places = places
        self._bin = bin_dir
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None, "start() comes first"
        return self._process.pid

    @property
    def url(self) -> str:
        """``unix://<socket>``."""
        return f"unix://{self._socket}"

    @property
    def _socket(self) -> Path:
        return self._places.sockets / "redis"

    def start(self) -> None:
        """Start and wait for an answer. Raises ServerError or OSError."""
        with open_log(self._places.log("redis")) as log:
            self._process = spawn(self._launch(), log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerError(f"Redis did not start, see {self._places.log('redis')}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Ask it to end; nothing is saved."""
        if self._process is not None:
            stop(self._process, STOP_SIGNALS, patience=5)
            self._process = None

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
