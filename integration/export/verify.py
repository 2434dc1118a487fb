"""Proves the daily files of a day: blocks against ledger, disk, `.done` and manifest (design 8).

Reads only, in pieces, beside exporters at work: of a file that still grows, the committed part is
compared, and blocks that the sink has not reached yet wait, which is no fault.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby, pairwise, zip_longest
from operator import attrgetter
from pathlib import Path

from django.db import connection

from integration.export import papers
from integration.export.cursor import DamagedBlock
from integration.export.ledger import Series, series_of
from integration.export.regenerate import Irreproducible, Text, ends_of, has_partition
from integration.export.sinks import daily_file
from integration.export.sinks.csv_files import naming_of
from integration.export.sinks.daily_file import Digest, FileTrouble, pieces
from integration.models import ExportDay, ExportFile

# One statement, one snapshot: position, files and blocks belong together. A file that is announced
# holds nothing yet.
LOOSE = """
SELECT block.company_id, block.kind, is_passed, count(*), sum(block.lines)::bigint,
       sum(block.size)::bigint, min(block.xid::text::bigint), max(block.xid::text::bigint)
FROM export_block AS block
LEFT JOIN sink_cursor AS at ON at.sink = 'csv_files',
LATERAL (SELECT coalesce((block.xid, block.id) <= (at.xid::text::xid8, at.block_id), false)
         AS is_passed) AS passed
WHERE block.day = %s AND NOT EXISTS (
    SELECT FROM export_file AS file
    WHERE file.day = block.day AND file.company_id = block.company_id AND file.kind = block.kind
      AND (block.xid, block.id) >= (file.first_xid::text::xid8, file.first_id)
      AND (block.xid, block.id) <= (file.last_xid::text::xid8, file.last_id))
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
BRING_BACK = "bring it back from the blob container or a backup"
MOVE_AWAY = "move it away"
DAILY = (".csv", f".csv{daily_file.GZIP}", ".csv.done")

Progress = Callable[[str, int], None]
"""Told the file and how many of its bytes have been read."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong where, and what to do about it."""

    place: str
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}; {self.cure}"


@dataclass(frozen=True, slots=True)
class FileCheck:
    """One file of the ledger; `lines` without the header."""

    name: str
    lines: int
    bytes: int
    verdict: str


@dataclass(slots=True)
class Report:
    """What was found of a day; `waiting`: lines and bytes the sink has not reached."""

    day: date
    files: list[FileCheck] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    waiting_lines: int = 0
    waiting_bytes: int = 0

    @property
    def is_clean(self) -> bool:
        """No fault; blocks that wait are none."""
        return not self.faults


def verify(day: date, root: Path, progress: Progress = lambda _name, _bytes: None) -> Report:
    """Check everything there is of one UTC day of recording. Raises database errors only."""
    report = Report(day)
    names = sorted(_names_on_disk(root, day))  # before the ledger: a file is announced, then made
    files = list(ExportFile.objects.filter(day=day).order_by(*Series._fields, "number"))
    for file in files:
        report.faults += _FileOnTrial(root, file, progress).check(report)
    report.faults += [*_overlaps(files), *_strangers(names, files), *_loose_blocks(report)]
    report.faults += _day_faults(root, day)
    return report


class _FileOnTrial:
    """One file of the ledger against its blocks, the disk and its `.done`."""

    def __init__(self, root: Path, file: ExportFile, progress: Progress) -> None:
        self._root, self._file, self._progress = root, file, progress
        self._path = root / file.path
        self._has_blocks = has_partition(file.day)
        self._sha256 = file.sha256  # what it must be, as far as known
        self._faults: list[Fault] = []

    def check(self, report: Report) -> list[Fault]:
        """Returns its faults and adds its line to the report."""
        verdict = self._verdict() if self._file.size else "announced, nothing written yet"
        verdict = "FAULT" if self._faults else verdict
        report.files.append(FileCheck(self._file.path, self._file.lines, self._file.size, verdict))
        return self._faults

    def _verdict(self) -> str:
        file = self._file
        if self._has_blocks:
            self._check_blocks()
        elif not file.sealed_at:
            self._fault("its blocks were dropped before it was sealed", BRING_BACK)
        if not file.removed_at:
            self._check_disk()
        self._check_done()
        if file.removed_at:
            return f"removed {file.removed_at:%Y-%m-%d}"
        if not self._has_blocks:
            return "blocks gone, checked against manifest only"
        return "good" if file.sealed_at else "good, open"

    def _check_blocks(self) -> None:
        text = Text(self._file)
        try:
            for piece in text:
                self._progress(self._file.path, len(piece))
            self._sha256 = text.sha256
        except (Irreproducible, DamagedBlock) as fault:
            self._has_blocks = False
            self._fault(str(fault), "have the owner of the database look at these rows")

    def _check_disk(self) -> None:
        try:
            there, held = self._read()
        except FileNotFoundError:
            self._fault("is not on disk", self._cure("", BRING_BACK))
        except (FileTrouble, OSError) as fault:
            self._fault(f"cannot be read ({fault})", self._cure(MOVE_AWAY, BRING_BACK))
        else:
            self._compare(there, held)

    def _read(self) -> tuple[Path, Digest]:
        """What lies there; of a file that may still grow, the committed part."""
        limit = sys.maxsize if self._file.sealed_at else self._file.size
        for _ in range(2):  # it may be gzipped between the look and the reading
            if there := daily_file.stored(self._path):
                with suppress(FileNotFoundError):
                    return there, daily_file.digest_of(self._told(pieces(there, limit)))
        raise FileNotFoundError

    def _told(self, text: Iterable[bytes]) -> Iterator[bytes]:
        for piece in text:
            self._progress(self._file.path, len(piece))
            yield piece

    def _compare(self, there: Path, held: Digest) -> None:
        file = self._file
        if held.size != file.size:
            what = f"holds {held.size} bytes on disk, the ledger has {file.size}"
        elif self._sha256 not in ("", held.sha256):
            what = f"is not what was written{self._place_of_difference(there)}"
        else:
            self._sha256 = held.sha256
            return
        self._fault(what, self._cure(MOVE_AWAY, BRING_BACK))

    def _place_of_difference(self, there: Path) -> str:
        if not self._has_blocks:
            return f": its sha256 is not {self._sha256}"
        return f": line {first_difference(Text(self._file), there)} is another than in its block"

    def _check_done(self) -> None:
        path = papers.done_path(self._root, self._file)
        done = path.read_bytes() if path.exists() else None
        self._file.refresh_from_db()  # it may have been sealed meanwhile
        if done is None and self._file.sealed_at:
            self._fault("is sealed and has no .done", restoring(f"{self._file.path}.done"))
        self._file.sha256 = self._file.sha256 or self._sha256
        if done is not None and done != papers.done_of(self._file):
            cure = f"{MOVE_AWAY}, then {restoring(f'{self._file.path}.done')}"
            self._fault("its .done says something else than the ledger", cure)

    def _cure(self, first: str, otherwise: str) -> str:
        if not self._has_blocks:
            return otherwise
        return ", then ".join(step for step in (first, restoring(self._file.path)) if step)

    def _fault(self, what: str, cure: str) -> None:
        self._faults.append(Fault(self._file.path, what, cure))


def first_difference(text: Iterable[bytes], path: Path) -> int:
    """The number of the first line, the header being 1, where a file departs from a text."""
    line = 1
    with daily_file.open_text(path) as file:
        for piece in text:
            there = file.read(len(piece))
            if there != piece:
                pairs = zip_longest(piece.split(b"\n"), there.split(b"\n"))
                return next(n for n, (ours, theirs) in enumerate(pairs, line) if ours != theirs)
            line += piece.count(b"\n")
    return line


def restoring(name: str) -> str:
    """The command that puts something missing back."""
    return f"`hes export regenerate {name} --restore`"


def _names_on_disk(root: Path, day: date) -> Iterator[str]:
    for path in root.glob(f"*/*_{day}*"):
        if not path.name.startswith(".") and path.name.endswith(DAILY):
            yield str(path.relative_to(root))


def _strangers(names: Iterable[str], files: Sequence[ExportFile]) -> Iterator[Fault]:
    known = {file.path + ending for file in files for ending in ("", daily_file.GZIP, ".done")}
    for name in names:
        if name not in known:
            yield Fault(name, "is on disk and not in the ledger", MOVE_AWAY)


def _overlaps(files: Iterable[ExportFile]) -> Iterator[Fault]:
    written = [file for file in files if file.lines]
    for one, next_ in pairwise(written):
        if series_of(one) == series_of(next_) and ends_of(one)[1] >= ends_of(next_)[0]:
            what = f"holds blocks up to {tuple(ends_of(one)[1])}, {next_.path} begins before that"
            yield Fault(one.path, what, "have the owner of the database look at export_file")


def _loose_blocks(report: Report) -> Iterator[Fault]:
    with connection.cursor() as cursor:
        cursor.execute(LOOSE, [report.day])
        rows = cursor.fetchall()
    for company_id, kind, is_passed, blocks, lines, size, first, last in rows:
        if not is_passed:
            report.waiting_lines += lines
            report.waiting_bytes += size
            continue
        what = f"{blocks} blocks ({lines} lines, xid {first} to {last}) are passed and in no file"
        yield Fault(
            f"{naming_of(company_id).folder} {kind} {report.day}",
            what,
            "their lines are in the database only: have its owner look at export_file",
        )


def _day_faults(root: Path, day: date) -> Iterator[Fault]:
    is_sealed = ExportDay.objects.filter(day=day, sealed_at__isnull=False).exists()
    files = list(ExportFile.objects.filter(day=day).order_by(*Series._fields, "number"))
    if is_sealed:
        for file in files:
            if not file.sealed_at:
                yield Fault(file.path, "is open and its day is sealed", "start the exporter")
    for _, own in groupby(files, attrgetter("company_id")):
        yield from _manifest_faults(root, day, list(own), is_sealed)


def _manifest_faults(
    root: Path, day: date, files: Sequence[ExportFile], is_sealed: bool
) -> Iterator[Fault]:
    folder = (root / files[0].path).parent
    found = papers.manifests(folder, day)
    if is_sealed and not found:
        name = f"{folder.name}/manifest_{day}.json"
        yield Fault(name, "is not on disk and the day is sealed", restoring(name))
    for path in found:
        is_whole = is_sealed and path == found[-1]
        if not papers.agrees(path.read_bytes(), day, files, is_whole):
            name = f"{folder.name}/{path.name}"
            cure = f"{MOVE_AWAY}, then {restoring(name)}"
            yield Fault(name, "says something else than the ledger", cure)
