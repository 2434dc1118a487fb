"""What goes with daily files: the `.done` of each, the manifest per company and day (design 8)."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import count, islice, takewhile
from pathlib import Path

from integration.export.sinks import daily_file
from integration.models import ExportDay, ExportFile

MANIFEST = re.compile(r"([^/]+)/manifest_(\d{4}-\d\d-\d\d)(?:_(\d+))?\.json")


def done_path(root: Path, file: ExportFile) -> Path:
    """Where the `.done` of a file lies."""
    return root / f"{file.path}.done"


def done_of(file: ExportFile) -> bytes:
    """What it says: rows without the header, bytes, sha256."""
    return _json(_summary(file))


def manifest_of(day: date, files: Sequence[ExportFile]) -> bytes:
    """The manifest of the files of one company and day, in the order of kind and number."""
    return _json({"day": day.isoformat(), "files": [_entry(file) for file in files]})


def agrees(manifest: bytes, day: date, files: Sequence[ExportFile], is_whole: bool) -> bool:
    """Whether a manifest says what the ledger does: of all files, or of those it names."""
    if is_whole:
        return manifest == manifest_of(day, files)
    try:
        named = json.loads(manifest)["files"]
        return all(entry in map(_entry, files) for entry in named)
    except (ValueError, LookupError, TypeError):
        return False


def content_of(root: Path, name: str) -> bytes | None:
    """What a `.done` or the newest manifest says; None for other names and open files or days."""
    if name.endswith(".done"):
        sealed = ExportFile.objects.filter(sealed_at__isnull=False)
        file = sealed.filter(path=name.removesuffix(".done")).first()
        return done_of(file) if file else None
    match = MANIFEST.fullmatch(name)
    if not match or not ExportDay.objects.filter(day=match[2], sealed_at__isnull=False).exists():
        return None
    day, number = date.fromisoformat(match[2]), int(match[3] or 1)
    own = ExportFile.objects.filter(day=day, path__startswith=f"{match[1]}/")
    files = list(own.order_by("kind", "number"))
    is_newest = not next(islice(_names(root / match[1], day), number, None)).exists()
    return manifest_of(day, files) if files and is_newest else None


def manifests(folder: Path, day: date) -> list[Path]:
    """The manifests of a day in a company's folder, the newest last."""
    return list(takewhile(Path.exists, _names(folder, day)))


def place_manifest(folder: Path, day: date, files: Sequence[ExportFile]) -> None:
    """Put the manifest into a company's folder; one that says otherwise stays beside it."""
    content = manifest_of(day, files)
    for path in _names(folder, day):
        if not path.exists():
            daily_file.place(path, content)
            return
        if path.read_bytes() == content:
            return


def _names(folder: Path, day: date) -> Iterator[Path]:
    for number in count(1):
        yield folder / f"manifest_{day}{f'_{number}' if number > 1 else ''}.json"


def _entry(file: ExportFile) -> dict[str, object]:
    first, last = [file.first_xid, file.first_id], [file.last_xid, file.last_id]
    return {"name": Path(file.path).name, **_summary(file), "first": first, "last": last}


def _summary(file: ExportFile) -> dict[str, object]:
    return {"rows": file.lines, "bytes": file.size, "sha256": file.sha256}


def _json(content: object) -> bytes:
    return f"{json.dumps(content, indent=1)}\n".encode()
