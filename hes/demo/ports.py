"""Ports of the demo: the usual ones, or the next that are free."""

import os
import random
import socket
from collections.abc import Iterable, Sequence

HOST = "127.0.0.1"
LISTENING = {"wake_up": "HES_WAKE_UP_PORT", "last_gasp": "HES_LAST_GASP_PORT"}
"""Where datagrams are heard, and the variable of each."""
_USUAL = {"wake_up": 58_692, "last_gasp": 58_693}
BOTH = (socket.SOCK_DGRAM, socket.SOCK_STREAM)


def free_port(wanted: int, kinds: Sequence[socket.SocketKind] = (socket.SOCK_STREAM,)) -> int:
    """`wanted` if it is free, else the next free one (said aloud); 0 takes any.

    Any is one below those that the kernel gives to whoever connects (from 32,768): no connection
    takes it before the process that is told of it listens there.
    """
    begin = wanted or random.randrange(10_000, 30_000)  # noqa: S311 - keeps no secret
    for port in range(begin, min(begin + 100, 65_536)):
        if not _is_free(port, kinds):
            continue
        if wanted and port != wanted:
            print(f"  Port {wanted} is taken; using {port}.", flush=True)
        return port
    raise OSError(f"no free port from {begin} on - give another one with --port")


def choose_listening() -> None:
    """Name the ports of datagrams for us and our children, where nobody has; before settings."""
    for name, variable in LISTENING.items():
        if not os.environ.get(variable):
            os.environ[variable] = str(free_port(_USUAL[name], BOTH))


def _is_free(port: int, kinds: Iterable[socket.SocketKind]) -> bool:
    for kind in kinds:
        with socket.socket(type=kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                return False
    return True
