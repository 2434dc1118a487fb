"""A line that delivers every request and loses some of the answers."""

import random
import socket
import threading
from contextlib import closing, contextmanager, suppress


class LossyLine:
    """Relays TCP to `port`; a share of the answers is lost together with the connection."""

    def __init__(self, port, share):
        self.lost = 0
        self._port, self._share = port, share
        self._dice = random.Random(11)  # noqa: S311 - a repeatable course
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]

    def serve(self):
        with suppress(OSError):  # closed: the end
            while True:
                near, _ = self._server.accept()
                threading.Thread(target=self._relay, args=(near,), daemon=True).start()

    def close(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _relay(self, near):
        far = socket.create_connection(("127.0.0.1", self._port))
        with closing(near), closing(far):
            up = threading.Thread(target=self._up, args=(near, far), daemon=True)
            up.start()
            with suppress(OSError):
                while (answer := far.recv(65536)) and not self._is_lost():
                    near.sendall(answer)
            for end in (near, far):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            up.join(5)

    @staticmethod
    def _up(near, far):
        with suppress(OSError):
            while request := near.recv(65536):
                far.sendall(request)

    def _is_lost(self):
        is_lost = self._dice.random() < self._share
        self.lost += is_lost
        return is_lost


@contextmanager
def lossy_line(port, share):
    """Runs one for the time of the block."""
    line = LossyLine(port, share)
    thread = threading.Thread(target=line.serve, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.close()
        thread.join(5)
