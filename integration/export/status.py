"""What `hes export status` shows: where the sink stands, what waits, who is in the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now, TruncDate

from integration.export import horizon
from integration.export.cursor import Position
from integration.models import ExportFile

# A block carries no time: what waits is at most as old as the last proof that nothing waited.
LAG = """
SELECT at.xid, at.block_id, at.owner_epoch, at.is_enabled,
       extract(epoch FROM clock_timestamp() - at.moved_at)::float,
       waiting.lines, waiting.size
FROM sink_cursor AS at, LATERAL (
    SELECT coalesce(sum(lines), 0)::bigint AS lines, coalesce(sum(size), 0)::bigint AS size
    FROM export_block AS block
    WHERE (block.xid, block.id) > (at.xid::text::xid8, at.block_id)
) AS waiting
WHERE at.sink = %s
"""
COLUMNS = ("FILE", "LINES", "BYTES", "STATE")


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """One sink now. `age`: seconds since it last moved or proved that nothing waits."""

    position: Position
    epoch: int
    is_enabled: bool
    age: float | None
    lines: int
    size: int


def status_of(sink: str) -> SinkStatus | None:
    """None before the sink's first start."""
    with connection.cursor() as cursor:
        cursor.execute(LAG, [sink])
        row = cursor.fetchone()
    return SinkStatus(Position(*row[:2]), *row[2:]) if row else None


def files_of_today() -> QuerySet[ExportFile]:
    """Files of the current UTC day by the database clock."""
    return ExportFile.objects.filter(day=TruncDate(Now(), tzinfo=UTC)).order_by("path")


def describe(sink: str) -> str:
    """The whole page, columns aligned."""
    status, holder = status_of(sink), horizon.holder()
    facts = [("sink", sink), *(_facts(status) if status else [("position", "never started")])]
    facts.append(("export_horizon_age_seconds", f"{holder.age:.1f}" if holder else "0.0"))
    facts.append(("horizon", f"held {holder}" if holder else "free"))
    files = [
        (file.path, f"{file.lines:,}", f"{file.size:,}", _state(file)) for file in files_of_today()
    ]
    lines = [f"{name:28}{value}" for name, value in facts]
    return "\n".join([*lines, "", *table([COLUMNS, *files])])


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines with columns of equal width; numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if cell.replace(",", "").isdigit() else cell.ljust(width)
            for cell, width in zip(row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _facts(status: SinkStatus) -> list[tuple[str, str]]:
    age = "never" if status.age is None else f"{status.age:.1f} s ago"
    waiting = status.age if status.lines and status.age is not None else 0.0
    return [
        ("state", "enabled" if status.is_enabled else "disabled"),
        ("position", f"xid {status.position.xid}, block {status.position.block_id}, {age}"),
        ("owner epoch", str(status.epoch)),
        ("lag", f"{status.lines:,} lines, {status.size:,} bytes, up to {waiting:.1f} s"),
    ]


def _state(file: ExportFile) -> str:
    return "sealed" if file.sealed_at else "open"
