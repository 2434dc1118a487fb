"""Datagrams of the simulated field on a real network: one socket speaks for every concentrator."""

import ipaddress
import socket
import struct
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache

from devices.simulator.storms import Gasp

Address = tuple[str, int]
_PKTINFO = 8  # IP_PKTINFO of Linux, which names the address a datagram leaves from
_SOURCE = struct.Struct("=i4s4s")  # interface, our address, (received only)


class Sender:
    """Sends each datagram from the address of its concentrator, as a listener would see it."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sent = 0

    def send(self, source: str, to: Address, raw: bytes) -> None:
        """From `source`, which must be an address of this host. Where no network leads to `to` the
        datagram is lost, as any other."""
        with suppress(OSError):
            self._socket.sendmsg([raw], _from(source, to[0]), 0, to)
            self.sent += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


@lru_cache(maxsize=65_536)
def _from(source: str, to: str) -> list[tuple[int, int, bytes]]:
    """A loopback address reaches nobody else: there the host's own goes."""
    if _is_loopback(source) and not _is_loopback(to):
        return []
    named = _SOURCE.pack(0, socket.inet_aton(source), bytes(4))
    return [(socket.IPPROTO_IP, _PKTINFO, named)]


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def play(gasps: Iterable[Gasp], say: Callable[[Gasp], None], *, at_once: bool = False) -> int:
    """Say each at its time, or all in their order as fast as it goes; returns how many."""
    count = 0
    for gasp in gasps:
        if not at_once:
            time.sleep(max(0.0, gasp.at - time.time()))
        say(gasp)
        count += 1
    return count
