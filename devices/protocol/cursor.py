"""A position that moves through bytes; every step past the end is a GarbledError."""

from devices.protocol.axdr import Data, decode, read_length, read_octets, take
from devices.protocol.errors import GarbledError


class Cursor:
    """Reads the fields of one APDU in order; `name` is what error messages call it."""

    __slots__ = ("_data", "_name", "_pos")

    def __init__(self, data: bytes, name: str, pos: int = 0) -> None:
        self._data = data
        self._name = name
        self._pos = pos

    def u8(self) -> int:
        return self.take(1)[0]

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def flag(self) -> bool:
        return self.u8() != 0

    def take(self, size: int) -> bytes:
        raw, self._pos = take(self._data, self._pos, size)
        return raw

    def length(self) -> int:
        size, self._pos = read_length(self._data, self._pos)
        return size

    def octets(self) -> bytes:
        """Length, bytes."""
        raw, self._pos = read_octets(self._data, self._pos)
        return raw

    def value(self) -> Data:
        """One A-XDR value with its tag."""
        value, self._pos = decode(self._data, self._pos)
        return value

    def rest(self) -> bytes:
        """All that is left."""
        raw, self._pos = self._data[self._pos :], len(self._data)
        return raw

    @property
    def at_end(self) -> bool:
        return self._pos >= len(self._data)

    def end(self) -> None:
        """GarbledError when bytes are left."""
        if not self.at_end:
            raise GarbledError(f"{self._name}: {len(self._data) - self._pos} bytes too many")

    def wrong(self, what: str) -> GarbledError:
        """An error that names the APDU, for the caller to raise."""
        return GarbledError(f"{self._name}: {what}")
