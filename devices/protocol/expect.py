"""Narrowing of decoded values: the wanted Python kind, or a GarbledError that names the field."""

from devices.protocol.axdr import Data
from devices.protocol.errors import GarbledError


def integer(value: Data, what: str) -> int:
    """Any of the integer types and enum, as a plain int."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise GarbledError(f"{what}: an integer was expected, not {type(value).__name__}")
    return int(value)


def boolean(value: Data, what: str) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise GarbledError(f"{what}: a boolean was expected, not {type(value).__name__}")
    return value


def octets(value: Data, what: str, size: int | None = None) -> bytes:
    """An octet-string (or date-time), of exactly `size` bytes if given."""
    if not isinstance(value, bytes) or size not in (None, len(value)):
        wanted = "an octet-string" if size is None else f"{size} bytes"
        raise GarbledError(f"{what}: {wanted} expected, not {_kind(value)}")
    return bytes(value)


def array(value: Data, what: str) -> list[Data]:
    """An array."""
    if not isinstance(value, list):
        raise GarbledError(f"{what}: an array was expected, not {type(value).__name__}")
    return value


def structure(value: Data, what: str, size: int | None = None) -> tuple[Data, ...]:
    """A structure, of exactly `size` parts if given."""
    if not isinstance(value, tuple) or size not in (None, len(value)):
        wanted = "any number of" if size is None else size
        raise GarbledError(f"{what}: a structure of {wanted} parts expected, not {_kind(value)}")
    return value


def _kind(value: Data) -> str:
    if isinstance(value, bytes | tuple | list):
        return f"{type(value).__name__} of {len(value)}"
    return type(value).__name__
