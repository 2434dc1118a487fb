"""Ports of the demo: the usual ones, or the next that are free."""

import os
import socket
from collections.abc import Sequence

HOST = "127.0.0.1"
LISTENING = {"wake_up": "HES_WAKE_UP_PORT", "last_gasp": "HES_LAST_GASP_PORT"}
"""Where datagrams are heard, and the variable of each."""
_USUAL = {"wake_up": 58_692, "last_gasp": 58_693}
BOTH = (socket.SOCK_DGRAM, socket.SOCK_STREAM)


def free_port(wanted: int, kinds: Sequence[socket.SocketKind] = (socket.SOCK_STREAM,)) -> int:
    """`wanted` if it is free, else the next free one (said aloud); 0 takes any."""
    for port in range(wanted, min(wanted + 100, 65_536)) if wanted else (0,):
        free = _free(port, kinds)
        if free is None:
            continue
        if wanted and free != wanted:
            print(f"  Port {wanted} is taken; using {free}.", flush=True)
        return free
    raise OSError(f"no free port from {wanted} on - give another one with --port")


def choose_listening() -> None:
    """Name the ports of datagrams for us and our children, where nobody has; before settings."""
    for name, variable in LISTENING.items():
        if not os.environ.get(variable):
            os.environ[variable] = str(free_port(_USUAL[name], BOTH))


def _free(port: int, kinds: Sequence[socket.SocketKind]) -> int | None:
    """The number, of any port that of the first kind; None when one of the kinds is taken."""
    for kind in kinds:
        with socket.socket(type=kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                return None
            port = probe.getsockname()[1]
    return port
