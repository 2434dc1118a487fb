"""What came out of a one-off run: a table for people, JSON for programs."""

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from django.conf import settings
from django.db import connection

from devices.fleet import load_fleet
from devices.models import Company, Concentrator
from hes.demo.console import aligned
from hes.domain.time import quarters_in


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One daily file as it lies on disk: `rows` are lines without the header."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of one run. `channels` are meter x channel pairs that collections cover."""

    concentrators: int
    meters: int
    channels: dict[str, int]
    quarters: dict[str, int]
    visits: dict[str, int]
    slots_failed: int
    lines: dict[str, int]
    events: dict[str, int]
    files: list[FileFacts]
    stream: dict[str, dict[str, int]]
    elapsed_s: float
    home: str

    def as_json(self) -> dict[str, object]:
        """The documented JSON."""
        return asdict(self)


def read(
    company: Company,
    days: list[date],
    elapsed: float,
    home: Path,
    stream: dict[str, dict[str, int]],
) -> Summary:
    """Count devices, visits, events in the database and lines in the files themselves."""
    folder = Path(settings.EXPORT_DIR) / company.code
    files = [_facts(path) for path in sorted(folder.glob("*.csv"))]
    lines = Counter[str]()
    for file in files:
        lines[file.name.split("_")[0]] += file.rows
    ids = list(Concentrator.objects.filter(company=company).values_list("pk", flat=True))
    meters, channels = _channels(ids)
    return Summary(
        concentrators=len(ids),
        meters=meters,
        channels=channels,
        quarters={day.isoformat(): quarters_in(day, company.zone) for day in days},
        visits=_visits(),
        slots_failed=_count("SELECT count(*) FROM slot WHERE state = 'failed'"),
        lines=dict(sorted(lines.items())),
        events=_events(),
        files=files,
        stream=stream,
        elapsed_s=round(elapsed, 1),
        home=str(home),
    )


def table(summary: Summary) -> str:
    """The summary as aligned rows."""
    counts = [
        ("concentrators", f"{summary.concentrators:,}"),
        ("meters", f"{summary.meters:,}"),
        *((f"channels {kind}", f"{n:,}") for kind, n in summary.channels.items()),
        *((f"visits {outcome}", f"{n:,}") for outcome, n in summary.visits.items()),
        *((f"events {code}", f"{n:,}") for code, n in summary.events.items()),
        ("seconds", f"{summary.elapsed_s:,.1f}"),
    ]
    files = [("file", "rows", "bytes", "sha256")]
    files += [(f.name, f"{f.rows:,}", f"{f.bytes:,}", f.sha256[:12]) for f in summary.files]
    hubs: list[tuple[str, ...]] = [
        ("hub", "blocks", "lines", "messages", "read lines", "read messages", "repeats")
    ]
    hubs += [
        (hub, *(f"{found[name]:,}" for name in HUB_COLUMNS))
        for hub, found in summary.stream.items()
    ]
    return f"{aligned(counts)}\n\n{aligned(files)}\n\n{aligned(hubs)}"


HUB_COLUMNS = ("blocks", "block_lines", "expected", "lines", "messages", "repeats")


def _facts(path: Path) -> FileFacts:
    digest, rows = hashlib.sha256(), -1  # the header is no row
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            rows += piece.count(b"\n")
    return FileFacts(path.name, rows, path.stat().st_size, digest.hexdigest())


def _channels(concentrators: list[int]) -> tuple[int, dict[str, int]]:
    meters, channels = 0, Counter[str]()
    for pk in concentrators:
        for meter in load_fleet(pk).meters.values():
            meters += 1
            channels["S"] += len(meter.channels)
            channels["M"] += len(meter.measurands)
            channels["DC"] += len(meter.closure_energies)
    return meters, dict(channels)


def _visits() -> dict[str, int]:
    done = _count("SELECT count(*) FROM visit WHERE outcome = 'done'")
    return {"done": done, "failed": _count("SELECT count(*) FROM visit") - done}


def _events() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, count(*) FROM end_device_event WHERE code <> '' GROUP BY 1 ORDER BY 1"
        )
        return dict(cursor.fetchall())


def _count(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])
