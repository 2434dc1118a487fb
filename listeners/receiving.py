"""A UDP socket that is emptied by `recvmmsg`: 500 datagrams per system call, senders included.

The kernel fills arrays that are made once. It is called without giving up the interpreter: the call
never waits, and asking the interpreter back from busy threads would cost more than the call.
"""

import ctypes
import errno
import os
import socket
import struct
import time
from collections.abc import Iterator

from listeners.batches import HEAD, KEPT, SOURCE, Batch

ASKED = 64 * 1024 * 1024  # bytes of buffer; the kernel counts 768 for a small datagram
AT_ONCE = 500
SO_RCVBUFFORCE, SO_MEMINFO = 33, 55  # asm-generic/socket.h; Python names neither
_MEMINFO = struct.Struct("=9I")  # linux/sock_diag.h, SK_MEMINFO_VARS
_DROPS = 8
_TAIL = KEPT - HEAD
_libc = ctypes.PyDLL(None, use_errno=True)


class _Piece(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))  # struct iovec


class _Header(ctypes.Structure):
    _fields_ = (  # struct msghdr
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint32),
        ("pieces", ctypes.c_void_p),
        ("piece_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("size", ctypes.c_uint))  # struct mmsghdr


_WORDS = ctypes.sizeof(_Message) // 4  # of 32 bits
_SIZE_WORD = _Message.size.offset // 4


class _Arrays:
    """What the kernel fills: for each datagram a name, a head, a tail and a size."""

    def __init__(self) -> None:
        self.names = (ctypes.c_char * (SOURCE * AT_ONCE))()
        self.heads = (ctypes.c_char * (HEAD * AT_ONCE))()
        self.tails = (ctypes.c_char * (_TAIL * AT_ONCE))()
        self._pieces = (_Piece * (2 * AT_ONCE))()
        self.messages = (_Message * AT_ONCE)()
        for number in range(AT_ONCE):
            self._point(number)
        self._words = memoryview(self.messages).cast("B").cast("I")

    def _point(self, number: int) -> None:
        head, tail = self._pieces[2 * number], self._pieces[2 * number + 1]
        head.base, head.size = ctypes.addressof(self.heads) + number * HEAD, HEAD
        tail.base, tail.size = ctypes.addressof(self.tails) + number * _TAIL, _TAIL
        message = self.messages[number].header
        message.name = ctypes.addressof(self.names) + number * SOURCE
        message.name_size = SOURCE
        message.pieces, message.piece_count = ctypes.addressof(head), 2

    def batch(self, count: int, port: int) -> Batch:
        """The first `count`, copied."""
        sizes = self._words[_SIZE_WORD : count * _WORDS : _WORDS].tolist()
        return Batch(
            time.time_ns() // 1000,
            port,
            sizes,
            ctypes.string_at(self.names, count * SOURCE),
            ctypes.string_at(self.heads, count * HEAD),
            dict(self._long_ones(sizes)) if max(sizes) > HEAD else {},
        )

    def _long_ones(self, sizes: list[int]) -> Iterator[tuple[int, bytes]]:
        begin = ctypes.addressof(self.tails)
        for number, size in enumerate(sizes):
            if size > HEAD:
                length = min(size, KEPT) - HEAD
                yield number, ctypes.string_at(begin + number * _TAIL, length)


class Receiver:
    """One bound socket. `granted` is the size of its buffer as it was asked for, in bytes."""

    def __init__(self, address: str, port: int, asked: int = ASKED) -> None:
        self._socket = _bound(address, port)
        self.granted = _buffer(self._socket, asked)
        self.port: int = self._socket.getsockname()[1]
        self._arrays = _Arrays()

    def fileno(self) -> int:
        """For `select` and its like."""
        return self._socket.fileno()

    def receive(self) -> Batch | None:
        """Up to AT_ONCE datagrams that wait; None when there are none."""
        flags = socket.MSG_DONTWAIT | socket.MSG_TRUNC  # sizes as they were sent
        count = _libc.recvmmsg(self._socket.fileno(), self._arrays.messages, AT_ONCE, flags, None)
        if count > 0:
            return self._arrays.batch(count, self.port)
        _raise_unless_empty()
        return None

    def drops(self) -> int:
        """What the kernel threw away because the buffer was full, since the socket was opened."""
        raw = self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, _MEMINFO.size)
        drops: int = _MEMINFO.unpack(raw)[_DROPS]
        return drops

    def close(self) -> None:
        """What still waits in the buffer is lost; nobody counts it."""
        self._socket.close()


def _bound(address: str, port: int) -> socket.socket:
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        endpoint.bind((address, port))
    except OSError:
        endpoint.close()
        raise
    return endpoint


def _raise_unless_empty() -> None:
    number = ctypes.get_errno()
    if number not in (errno.EAGAIN, errno.EINTR):
        raise OSError(number, os.strerror(number))


def _buffer(endpoint: socket.socket, asked: int) -> int:
    """Ask by force, which needs CAP_NET_ADMIN, else politely; the kernel doubles what it grants."""
    try:
        endpoint.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, asked)
    except PermissionError:
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, asked)
    return endpoint.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
