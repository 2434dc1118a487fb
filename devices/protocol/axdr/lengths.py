"""Lengths in BER form and the byte strings counted by them."""

from devices.protocol.errors import GarbledError, TruncatedError

MAX_OCTETS = 64 * 1024


def read_length(data: bytes, pos: int) -> tuple[int, int]:
    """A definite length and the position after it."""
    try:
        first = data[pos]
    except IndexError:
        raise TruncatedError(f"length missing at byte {pos}") from None
    if first < 0x80:
        return first, pos + 1
    size = first & 0x7F
    if not 1 <= size <= 4:
        raise GarbledError(f"length of {size} bytes at byte {pos}")
    body, end = take(data, pos + 1, size)
    return int.from_bytes(body, "big"), end


def length_bytes(size: int) -> bytes:
    """`size` as a definite length in the shortest form."""
    if size < 0x80:
        return bytes((size,))
    body = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(body),)) + body


def take(data: bytes, pos: int, size: int) -> tuple[bytes, int]:
    """`size` bytes from `pos` and the position after them."""
    end = pos + size
    if end > len(data):
        raise TruncatedError(f"{size} bytes wanted at byte {pos}, {max(len(data) - pos, 0)} left")
    return data[pos:end], end


def read_octets(data: bytes, pos: int) -> tuple[bytes, int]:
    """An octet-string without its tag (length, bytes), at most 64 KiB."""
    size, pos = read_length(data, pos)
    if size > MAX_OCTETS:
        raise GarbledError(f"octet-string of {size} bytes at byte {pos}")
    return take(data, pos, size)


def octets(value: bytes) -> bytes:
    """An octet-string without its tag: length, bytes."""
    return length_bytes(len(value)) + value
