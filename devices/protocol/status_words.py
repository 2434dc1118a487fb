"""Status words into names, by the code tables of hes.domain (bits are *assumed* there).

A concentrator's word is 3 bytes as printed, bit 0 the lowest bit of byte 3; a meter's alarm word
is a u32, bit 0 lowest.
"""

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from devices.protocol.errors import GarbledError

_CONCENTRATOR, _METER = "concentrator_status_bits.csv", "meter_alarms.csv"


def concentrator_bits(word: bytes) -> tuple[int, ...]:
    """Numbers of the set bits of a concentrator's 3-byte word, ascending."""
    if len(word) != 3:
        raise GarbledError(f"concentrator status word of {len(word)} bytes")
    return set_bits(int.from_bytes(word, "big"))


def concentrator_labels(word: bytes) -> tuple[str, ...]:
    """Labels of the set bits; `bit n` where the table has none."""
    labels = _labels(_CONCENTRATOR, "label")
    return tuple(labels.get(bit) or f"bit {bit}" for bit in concentrator_bits(word))


def meter_alarms(word: int) -> tuple[str, ...]:
    """Names (PUP, ORD ...) of the set bits of a meter's alarm word; `bit n` where unknown."""
    labels = _labels(_METER, "alarm")
    return tuple(labels.get(bit) or f"bit {bit}" for bit in set_bits(word))


def set_bits(word: int) -> tuple[int, ...]:
    """Numbers of the set bits, ascending."""
    return tuple(bit for bit in range(word.bit_length()) if word >> bit & 1)


@lru_cache(maxsize=2)
def _labels(table: str, column: str) -> Mapping[int, str]:
    text = (files("hes.domain") / "codes" / table).read_text(encoding="utf-8")
    return {int(line["bit"]): line[column] for line in csv.DictReader(text.splitlines())}
