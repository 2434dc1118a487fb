"""Cuts blocks into messages, the same way every time: pure.

A message holds consecutive lines of one block. Its `dedup_id`, `<block uid>:<first line>+<lines>`,
follows from the block and the packing alone, so what is sent again is identical (design D11).
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Self

from hes.domain.errors import HesError
from integration.export.messages.rendering import json_array, json_objects

if TYPE_CHECKING:
    from integration.export.cursor import Block

ALGORITHM = 1  # of the cutting below; a change that moves one cut takes the next number
SCHEMA = 1  # of the lines: columns of `hes.domain.codes.export_layouts`
MESSAGE_BYTES = 56_000  # the service counts units of 64 kB, properties included
SINGLE = frozenset({"HPE", "LPE", "SWE", "OUT"})  # events: ordered by device, one line per message


class Form(StrEnum):
    """How lines are written into the body of a message."""

    CSV = "csv"
    JSON = "json"


CONTENT_TYPES = {Form.CSV: "text/csv", Form.JSON: "application/json"}


class UnknownPacking(HesError):
    """A packing that was noted by another version of this program."""


@dataclass(frozen=True, slots=True)
class Packing:
    """What a message looks like; its text is the packing version kept in `sink_cursor.packing`.

    `max_lines` 0: by size alone. One line longer than `max_bytes` still is a message.
    """

    form: Form
    max_lines: int
    max_bytes: int

    def __str__(self) -> str:
        return f"{ALGORITHM}/{self.form}/{self.max_lines}/{self.max_bytes}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The packing a text stands for. Raises UnknownPacking."""
        algorithm, _, rest = text.partition("/")
        if algorithm != str(ALGORITHM):
            raise UnknownPacking(
                f"packing {text!r} was cut by algorithm {algorithm or '-'}, this program knows "
                f"{ALGORITHM}: let the program that began to send finish, then go on with this one"
            )
        try:
            form, lines, size = rest.split("/")
            return cls(Form(form), int(lines), int(size))
        except ValueError as fault:
            raise UnknownPacking(
                f"packing {text!r} is not <algorithm>/<form>/<lines>/<bytes>"
            ) from fault


def packing_of(kind: str, wishes: str) -> Packing:
    """The packing of a kind: the setting `hub_packing` (`S=500:csv,HPE=1:json`), else design 8."""
    wish = dict(part.split("=") for part in wishes.split(",") if part).get(kind)
    if wish is None:
        return Packing(Form.CSV, 1 if kind in SINGLE else 0, MESSAGE_BYTES)
    lines, _, form = wish.partition(":")
    return Packing(Form(form or Form.CSV), int(lines), MESSAGE_BYTES)


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a hub stores it; `key` chooses the partition, `lines` counts the body's."""

    key: str
    dedup_id: str
    lines: int
    body: bytes
    content_type: str
    properties: dict[str, str | int]


def cut(block: "Block", company: str, packing: Packing) -> Iterator[Message]:
    """The messages of a block in order; together they hold each of its lines once.

    `company` is the code. Raises DamagedBlock.
    """
    first = 0
    content_type = CONTENT_TYPES[packing.form]
    for key, lines, body in _pieces(block, company, packing):
        dedup_id = f"{block.uid}:{first}+{lines}"
        properties: dict[str, str | int] = {
            "kind": block.kind,
            "company": company,
            "day": block.day.isoformat(),
            "schema": SCHEMA,
            "lines": lines,
            "dedup_id": dedup_id,
            "utc_offset": block.utc_offset,
        }
        yield Message(key, dedup_id, lines, body, content_type, properties)
        first += lines


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key: CRC-32 of its UTF-8 bytes modulo the number of partitions."""
    return zlib.crc32(key.encode()) % partitions


def _pieces(block: "Block", company: str, packing: Packing) -> Iterator[tuple[str, int, bytes]]:
    """(key, lines, body) of each message."""
    for key, text in _runs(block, company):
        if packing.form is Form.CSV:
            pieces = _cut_text(text, packing)
        else:
            pieces = _cut_objects(json_objects(block.kind, text, block.utc_offset), packing)
        for lines, body in pieces:
            yield key, lines, body


def _runs(block: "Block", company: str) -> Iterator[tuple[str, bytes]]:
    """Consecutive lines with one key: all of a packed kind, those of one device of events."""
    text = block.text()
    if block.kind not in SINGLE:
        yield str(block.concentrator_id or company), text
        return
    for device, lines in groupby(text[:-1].split(b"\n"), key=_device):
        yield device.decode() or company, b"\n".join([*lines, b""])


def _device(line: bytes) -> bytes:
    """The meter's serial, else the concentrator: the second and first column of events."""
    concentrator, meter, *_ = *line.split(b";", 2), b""
    return meter or concentrator


def _cut_text(text: bytes, packing: Packing) -> Iterator[tuple[int, bytes]]:
    """(lines, body) of slices at newlines; no line becomes an object of its own."""
    start = 0
    while start < len(text):
        end = _end(text, start, packing)
        yield text.count(b"\n", start, end), text[start:end]
        start = end


def _end(text: bytes, start: int, packing: Packing) -> int:
    """Where the message that begins at `start` ends."""
    end, limit = len(text), start + packing.max_bytes
    if packing.max_lines:
        end = _after(text, start, packing.max_lines)
    if end > limit:
        end = text.rfind(b"\n", start, limit) + 1
    return end or _after(text, start, 1)  # a line longer than the limit goes alone


def _after(text: bytes, start: int, lines: int) -> int:
    """Where the `lines`-th line from `start` has ended, or the text."""
    for _ in range(lines):
        start = text.find(b"\n", start) + 1
        if start in (0, len(text)):
            return len(text)
    return start


def _cut_objects(objects: list[bytes], packing: Packing) -> Iterator[tuple[int, bytes]]:
    """(lines, body) of arrays that hold as many objects as the limits allow."""
    piece: list[bytes] = []
    size = 2  # the brackets; each object brings a comma with it
    for item in objects:
        is_full = len(piece) == packing.max_lines > 0 or size + len(item) > packing.max_bytes
        if piece and is_full:
            yield len(piece), json_array(piece)
            piece, size = [], 2
        piece.append(item)
        size += len(item) + 1
    if piece:
        yield len(piece), json_array(piece)
