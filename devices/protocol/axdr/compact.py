"""Compact-array (19): one type description, then the packed contents of every element."""

from dataclasses import dataclass
from typing import TypeAlias

from devices.protocol.axdr.lengths import read_length, take
from devices.protocol.axdr.scalars import READERS
from devices.protocol.axdr.types import ARRAY, MAX_DEPTH, MAX_ELEMENTS, NULL, STRUCTURE, Data
from devices.protocol.errors import GarbledError

MAX_CELLS = 1_000_000


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """`count` elements of one described type."""

    count: int
    element: "Description"


@dataclass(frozen=True, slots=True)
class StructureOf:
    """One described type per part."""

    parts: tuple["Description", ...]


Description: TypeAlias = int | ArrayOf | StructureOf


def read_description(data: bytes, pos: int, depth: int = 0) -> tuple[Description, int]:
    """The TypeDescription at `pos` (a plain tag for scalars) and the position after it."""
    if depth >= MAX_DEPTH:
        raise GarbledError(f"type description nested deeper than {MAX_DEPTH}")
    raw, pos = take(data, pos, 1)
    tag = raw[0]
    if tag == ARRAY:
        count, pos = take(data, pos, 2)
        element, pos = read_description(data, pos, depth + 1)
        return ArrayOf(int.from_bytes(count, "big"), element), pos
    if tag == STRUCTURE:
        return _read_structure(data, pos, depth)
    if tag not in READERS:
        raise GarbledError(f"type description tag {tag} at byte {pos - 1}")
    return tag, pos


def _read_structure(data: bytes, pos: int, depth: int) -> tuple[StructureOf, int]:
    count, pos = read_length(data, pos)
    if count > MAX_ELEMENTS:
        raise GarbledError(f"structure description of {count} parts at byte {pos}")
    parts: list[Description] = []
    for _ in range(count):
        part, pos = read_description(data, pos, depth + 1)
        parts.append(part)
    return StructureOf(tuple(parts)), pos


def cells(description: Description) -> int:
    """Scalars in one element; bounds what a few bytes of description may unfold into."""
    if isinstance(description, ArrayOf):
        return description.count * cells(description.element)
    if isinstance(description, StructureOf):
        return sum(map(cells, description.parts))
    return 1


def read_content(data: bytes, pos: int, description: Description) -> tuple[Data, int]:
    """One packed element (its scalars without tags) and the position after it."""
    if isinstance(description, ArrayOf):
        return _read_parts(data, pos, (description.element,) * description.count)
    if isinstance(description, StructureOf):
        values, pos = _read_parts(data, pos, description.parts)
        return tuple(values), pos
    return READERS[description](data, pos)


def _read_parts(data: bytes, pos: int, parts: tuple[Description, ...]) -> tuple[list[Data], int]:
    values: list[Data] = []
    for part in parts:
        value, pos = read_content(data, pos, part)
        values.append(value)
    return values, pos


def read_compact_array(data: bytes, pos: int) -> tuple[list[Data], int]:
    """A whole compact-array (after its tag) as a list, and the position after it."""
    description, pos = read_description(data, pos)
    width = checked_cells(description)
    size, pos = read_length(data, pos)
    content, end = take(data, pos, size)
    values: list[Data] = []
    at = 0
    while at < size:
        before = at
        value, at = read_content(content, at, description)
        values.append(value)
        if at == before or len(values) > MAX_ELEMENTS or len(values) * width > MAX_CELLS:
            raise GarbledError(f"compact-array at byte {pos} has too many elements")
    return values, end


def checked_cells(description: Description) -> int:
    """`cells`, refused when out of bounds or when an element would take no bytes."""
    width = cells(description)
    if not 0 < width <= MAX_ELEMENTS or description == NULL:
        raise GarbledError(f"compact-array element of {width} cells")
    return width
