"""What both embedded servers have in common: one child process with a log and a pid file."""

import signal
import subprocess

from hes.lib.processes import Launch, note, open_log, spawn, stop
from hes.servers.errors import ServerError
from hes.servers.places import Places


class Server:
    """A server process in `places`, stopped by `stop_signals` one after the other."""

    name: str
    stop_signals: tuple[signal.Signals, ...]
    patience = 20.0

    def __init__(self, places: Places) -> None:
        self._places = places
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id. Raises ServerError before `start`."""
        return self._running.pid

    def stop(self) -> None:
        """End the process in order."""
        if self._process is not None:
            stop(self._process, self.stop_signals, self.patience)
            self._process = None

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerError(f"{self.name} is not started")
        return self._process

    def _spawn(self, launch: Launch) -> None:
        with open_log(self._places.log(self.name)) as log:
            self._process = spawn(launch, log)
        note(self._process, self._places.run / f"{self.name}.pid")

    def _not_started(self) -> ServerError:
        return ServerError(f"{self.name} did not start, see {self._places.log(self.name)}")
