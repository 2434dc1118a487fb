"""OBIS names (IEC 62056-6-1): `1.0.1.8.0` or `0.0.96.51.2.255` <-> 6 bytes."""

from functools import lru_cache

from devices.protocol.errors import ProtocolError


@lru_cache(maxsize=4096)
def parse(text: str) -> bytes:
    """The 6 bytes of a dotted name of five or six numbers; a missing sixth is 255."""
    numbers = text.split(".")
    if len(numbers) == 5:
        numbers.append("255")
    try:
        raw = bytes(int(number) for number in numbers)
    except ValueError:
        raw = b""
    if len(raw) != 6:
        raise ProtocolError(f"{text!r} is no OBIS name; write five or six numbers of 0-255")
    return raw


def text(raw: bytes) -> str:
    """Dotted form; a final 255 is not printed."""
    numbers = list(raw)
    return ".".join(map(str, numbers[:-1] if numbers[-1] == 255 else numbers))
