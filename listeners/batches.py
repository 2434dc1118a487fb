"""Datagrams side by side as the kernel hands them over, and as rows of the raw journal.

At 300,000 a second an object per datagram is too dear: a batch keeps one string per field, and
becomes rows of a binary COPY only in the thread that writes them.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from hes.lib import copy_binary

HEAD, KEPT = 64, 2048  # bytes of a datagram: in every batch; at all
COLUMNS = (
    *("day", "received_at", "port", "is_stream"),  # the same in a whole batch
    *("source", "source_port", "size", "raw"),
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO = int((datetime(2000, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()) * 1_000_000
_FIELDS = struct.pack(">h", len(COLUMNS))
_ADDRESS = struct.pack(">iBBBB", 8, 2, 32, 0, 4)  # inet: IPv4, all bits, a host, four bytes
_PORT = struct.pack(">ixx", 4)
_SIZES = struct.Struct(">iii")
_SOURCE = struct.Struct("=2x2s4s8x")
_SOCKET_NAME = struct.Struct("=H2s4s8x")  # sockaddr_in
_AF_INET = 2
SOURCE = _SOCKET_NAME.size


@dataclass(frozen=True, slots=True)
class Batch:
    """What one socket had at one moment. `sizes` are true; beyond KEPT bytes the rest is gone.

    `received_at` counts microseconds from 1970 UTC. `sources` are IPv4 socket names, `heads` the
    first HEAD bytes of each, `tails` what follows, by position in the batch.
    """

    received_at: int
    port: int
    sizes: list[int]
    sources: bytes
    heads: bytes
    tails: Mapping[int, bytes] = field(default_factory=dict)
    is_stream: bool = False

    @property
    def weight(self) -> int:
        """Bytes in memory, about."""
        return len(self.sizes) * (HEAD + SOURCE + 8) + sum(map(len, self.tails.values()))

    @property
    def day(self) -> date:
        """UTC day of receipt, which is the partition."""
        return moment(self.received_at).date()

    def rows(self) -> bytes:
        """The datagrams as rows of COPY (FORMAT binary), of COLUMNS."""
        is_alike = not self.tails and self.sizes.count(self.sizes[0]) == len(self.sizes)
        return self._alike() if is_alike else b"".join(self._each())

    def _each(self) -> Iterator[bytes]:
        common, sources = self._common(), _SOURCE.iter_unpack(self.sources)
        for number, (size, (port, address)) in enumerate(zip(self.sizes, sources, strict=True)):
            raw = self.raw(number)
            sizes = _SIZES.pack(4, size, len(raw))
            yield b"".join((common, address, _PORT, port, sizes, raw))

    def _alike(self) -> bytes:
        """All of one size: a byte has the same place in every row, and is put into all at once."""
        size, common = self.sizes[0], self._common()
        row = b"".join((common, bytes(4), _PORT, bytes(2), _SIZES.pack(4, size, size), bytes(size)))
        rows = _Rows(row, len(self.sizes))
        rows.fill(len(common), 4, self.sources[4:], SOURCE)
        rows.fill(len(common) + 4 + len(_PORT), 2, self.sources[2:], SOURCE)
        rows.fill(len(row) - size, size, self.heads, HEAD)
        return bytes(rows.octets)

    def _common(self) -> bytes:
        return b"".join((
            _FIELDS,
            copy_binary.day(self.day),
            copy_binary.bigint(self.received_at - _ZERO),
            copy_binary.integer(self.port),
            copy_binary.boolean(self.is_stream),
            _ADDRESS,
        ))  # fmt: skip

    def raw(self, number: int) -> bytes:
        """What was kept of one."""
        size, begin = self.sizes[number], number * HEAD
        head = self.heads[begin : begin + min(size, HEAD)]
        return head + self.tails[number] if size > HEAD else head


def moment(microseconds: int) -> datetime:
    """An instant counted from 1970 UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


class _Rows:
    """Rows of the same length, one after the other."""

    def __init__(self, row: bytes, count: int) -> None:
        self.octets = bytearray(row * count)
        self._length = len(row)

    def fill(self, place: int, width: int, source: bytes, step: int) -> None:
        """Into each row at `place`: `width` bytes of `source`, those of the next `step` further."""
        for number in range(width):
            self.octets[place + number :: self._length] = source[number::step]


def single(raw: bytes, size: int, source: tuple[str, int], port: int, received_at: int) -> Batch:
    """A batch of one message that came over TCP; `raw` is what was kept of `size` bytes."""
    host, source_port = source
    name = _SOCKET_NAME.pack(_AF_INET, source_port.to_bytes(2, "big"), _octets(host))
    tails = {0: raw[HEAD:KEPT]} if size > HEAD else {}
    return Batch(received_at, port, [size], name, raw[:HEAD], tails, is_stream=True)


def _octets(host: str) -> bytes:
    return bytes(map(int, host.split(".")))
