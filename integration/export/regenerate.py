"""Builds the text of a daily file again from its blocks, byte for byte (design 8).

The ledger row of a file names its series, its header and the first and last `(xid, id)` of its
blocks; a block is never altered. So the text can be had again as long as the partition of its day
is there, whatever has become of the file.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db import connection

from hes.domain.errors import HesError
from integration.export import papers
from integration.export.cursor import START, Block, Position, Stream, read_after
from integration.export.ownership import FOLDER_MODE
from integration.export.sinks import daily_file
from integration.models import ExportFile

PARTITION = """
SELECT FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'export_block'::regclass AND relname = %s
"""


class Irreproducible(HesError):
    """What the ledger says of a file cannot be had from the blocks any more; says what is gone."""


class Refused(HesError):
    """A wish that would touch what is there, or names what is not."""


class Text:
    """The committed text of one file from its blocks, in pieces; goes once and then knows itself.

    Iterating raises DamagedBlock, and Irreproducible at the end when anything was missing.
    """

    def __init__(self, file: ExportFile) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self._first = self._last = START
        self.lines = self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        demand_partition(self._file)
        if self._file.size:
            yield self._passed(f"{self._file.header}\n".encode())
        for block in blocks_of(self._file):
            self._first = self._first if self.lines else block.position
            self._last = block.position
            self.lines += block.lines
            yield self._passed(block.text())
        self._demand_all()

    @property
    def sha256(self) -> str:
        """Of what has gone by."""
        return self._sha256.hexdigest()

    def _passed(self, piece: bytes) -> bytes:
        self._sha256.update(piece)
        self.size += len(piece)
        return piece

    def _demand_all(self) -> None:
        file = self._file
        if (self.lines, self.size) != (file.lines, file.size):
            raise Irreproducible(
                f"{_range(file, *self._gap())}: they hold {self.lines} lines and {self.size} bytes "
                f"with the header, the ledger {file.lines} and {file.size}"
            )
        if file.sha256 not in ("", self.sha256):
            raise Irreproducible(
                f"{_range(file, *ends_of(file))}: they give sha256 {self.sha256}, "
                f"the file was sealed with {file.sha256}"
            )

    def _gap(self) -> tuple[Position, Position]:
        """As narrow as can be told: ids leave gaps of their own, so only the ends are known."""
        first, last = ends_of(self._file)
        if self._first == first and self._last != last:
            return self._last, last
        if self._last == last and self._first != first:
            return first, self._first
        return first, last


def ends_of(file: ExportFile) -> tuple[Position, Position]:
    """The first and the last block of a file that has any."""
    return (
        Position(file.first_xid or 0, file.first_id or 0),
        Position(file.last_xid or 0, file.last_id or 0),
    )


def blocks_of(file: ExportFile) -> Iterator[Block]:
    """The blocks whose lines the file holds, in order; a bounded number at a time."""
    first, last = ends_of(file)
    at = Position(first.xid, first.block_id - 1)
    while blocks := read_after(at, stream=Stream(file.company_id, file.kind), up_to=last):
        yield from (block for block in blocks if block.day == file.day)
        at = blocks[-1].position


def has_partition(day: date) -> bool:
    """Whether blocks of a day can be there at all."""
    with connection.cursor() as cursor:
        cursor.execute(PARTITION, [_partition(day)])
        return cursor.fetchone() is not None


def demand_partition(file: ExportFile) -> None:
    """Raises Irreproducible when the blocks of a file went with their partition."""
    if file.lines and not has_partition(file.day):
        gone = f"the partition {_partition(file.day)} is gone"
        raise Irreproducible(f"{_range(file, *ends_of(file))}: {gone}")


def _partition(day: date) -> str:
    return f"export_block_{day:%Y%m%d}"


def _range(file: ExportFile, first: Position, last: Position) -> str:
    return f"blocks of {file.day} from {tuple(first)} to {tuple(last)}"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was written where; `lines` without the header."""

    path: Path
    lines: int
    size: int
    sha256: str


def regenerate(name: str, root: Path, to: Path | None = None) -> Rebuilt:
    """Write the committed text of the file `name` (below the export folder) to `to`.

    Default: beside the file, with `.rebuilt` at its end. Nothing half-written is ever seen.
    Raises Irreproducible with the range that is gone, Refused where something is there already.
    """
    file = file_of(name)
    target = to or root / f"{name}.rebuilt"
    _demand_free(target)
    return _write(file, target)


def restore(name: str, root: Path) -> Path:
    """Put a missing file, `.done` or manifest back in its place; never over anything.

    A file that was gzipped comes back gzipped. Raises Irreproducible and Refused.
    """
    if there := daily_file.stored(root / name):
        raise Refused(f"{there} is there: only what is missing is put back; move it away first")
    content = papers.content_of(root, name)
    if content is None:
        return _restore_file(name, root)
    _make_folder(root / name)
    daily_file.place(root / name, content)
    return root / name


def _restore_file(name: str, root: Path) -> Path:
    file, path = file_of(name), root / name
    if file.removed_at:
        raise Refused(f"{name} was removed on {file.removed_at:%Y-%m-%d} by setting: use --to")
    if not file.gzipped_at:
        return _write(file, path).path
    draft = _write(file, path.with_name(f".{path.name}.rebuilt")).path
    for _ in daily_file.compress(draft, daily_file.gzipped(path), file.sha256):
        pass
    daily_file.remove(draft)
    return daily_file.gzipped(path)


def file_of(name: str) -> ExportFile:
    """The ledger row of a file that has anything committed."""
    file = ExportFile.objects.filter(path=name, size__gt=0).order_by("-pk").first()
    if file is None:
        raise Refused(f"{name} is not in the ledger; names are as in <company>/S_2026-10-01.csv")
    return file


def _demand_free(target: Path) -> None:
    if target.exists():
        raise Refused(f"{target} is there already: name another file with --to")
    if not target.parent.is_dir():
        raise Refused(f"{target.parent} is no folder: make it first")


def _make_folder(path: Path) -> None:
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)


def _write(file: ExportFile, target: Path) -> Rebuilt:
    text = Text(file)
    try:
        with daily_file.drafted(target) as draft:
            daily_file.write(draft, text)
    except OSError as fault:
        raise Refused(f"{target} cannot be written: {fault.strerror}") from fault
    return Rebuilt(target, text.lines, text.size, text.sha256)
