"""Daily CSV files `<company>/KIND_yyyy-mm-dd[_suffix][_n].csv` (design 8).

The day is that of the block. A file is cut between blocks when it would pass the company's
`export_max_bytes`; the next ones are numbered 2, 3 ... With `file_suffix` set the name carries that
instead and nothing is cut for size. A file that is sealed is never opened again, and one with
another header is not continued.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from devices.models import Company
from devices.outbox.layouts import HEADERS
from devices.parameters import parameters_of
from integration.export import ledger
from integration.export.cursor import Block, Owner, position_of, read_after
from integration.export.ledger import Growth, Series, series_of
from integration.export.sinks import daily_file
from integration.export.sinks.daily_file import FileTrouble
from integration.models import ExportFile


@dataclass(frozen=True, slots=True)
class Naming:
    """A company's wishes: its folder, the size limit in bytes, the fixed suffix or ''."""

    folder: str
    max_bytes: int
    suffix: str

    def path(self, series: Series, number: int) -> str:
        """Name below the export folder."""
        parts = [
            series.kind,
            series.day.isoformat(),
            self.suffix,
            str(number) if number > 1 else "",
        ]
        return f"{self.folder}/{'_'.join(part for part in parts if part)}.csv"

    def has_room(self, growth: Growth, block: Block) -> bool:
        """Whether the file takes the block; one without lines takes any."""
        size = growth.size_after
        return size == 0 or bool(self.suffix) or size + block.size <= self.max_bytes


class Plan:
    """Which file takes which block in one pass; writes nothing."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.growths: list[Growth] = []
        self._namings: dict[int, Naming] = {}
        known = ledger.newest({series_of(block) for block in blocks})
        self._current = {series: Growth(file) for series, file in known.items()}
        for block in blocks:
            self._growth_for(block).add(block)

    def new_files(self) -> list[ExportFile]:
        """Files the ledger does not know yet."""
        return [growth.file for growth in self.growths if growth.file.pk is None]

    def _growth_for(self, block: Block) -> Growth:
        series = series_of(block)
        growth = self._current.get(series)
        if growth is None or not self._continues(growth, block):
            growth = self._current[series] = Growth(self._next_file(series, growth))
        if not growth.lines:
            self.growths.append(growth)
        return growth

    def _continues(self, growth: Growth, block: Block) -> bool:
        file = growth.file
        same = file.sealed_at is None and file.header == HEADERS[block.kind]
        return same and self._naming(block.company_id).has_room(growth, block)

    def _next_file(self, series: Series, last: Growth | None) -> ExportFile:
        """A name is never used twice: an earlier suffix may look like a number."""
        naming = self._naming(series.company_id)
        for number in count(last.file.number + 1 if last else 1):
            path = naming.path(series, number)
            if not ExportFile.objects.filter(path=path).exists():
                break
        return ExportFile(**series._asdict(), number=number, path=path, header=HEADERS[series.kind])

    def _naming(self, company_id: int) -> Naming:
        if company_id not in self._namings:
            self._namings[company_id] = naming_of(company_id)
        return self._namings[company_id]


class CsvFiles:
    """The sink. Each step leaves files and ledger so that a kill at any point loses nothing."""

    name = "csv_files"

    def __init__(self, root: Path) -> None:
        self.root = root

    def recover(self, owner: Owner) -> None:
        """Leave of every file that may still grow exactly what the ledger has committed."""
        for file in ledger.unsealed():
            daily_file.trim(self.root / file.path, file.size)
        ledger.withdraw_empty(owner)

    def move(self, owner: Owner) -> list[Growth]:
        """Write what is ready, about 8 MiB of lines; empty when there was nothing to do."""
        blocks = read_after(position_of(owner))
        if not blocks:
            return []
        plan = Plan(blocks)
        self._announce(owner, plan.new_files())
        for growth in plan.growths:
            data = b"".join(growth.chunks)
            daily_file.append(self.root / growth.file.path, growth.file.size, data)
        ledger.commit(owner, plan.growths, blocks[-1].position)
        return plan.growths

    def _announce(self, owner: Owner, files: Sequence[ExportFile]) -> None:
        for file in files:
            if (self.root / file.path).exists():
                raise FileTrouble(
                    f"{self.root / file.path} exists and is not in the ledger: move it away"
                )
        if files:
            ledger.announce(owner, files)


def naming_of(company_id: int) -> Naming:
    """The settings of a company as they are now; a company that was deleted keeps a folder."""
    settings = parameters_of(company_id)
    code = Company.objects.filter(pk=company_id).values_list("code", flat=True).first()
    return Naming(
        folder=code or f"company.{company_id}",
        max_bytes=settings.number("export_max_bytes"),
        suffix=settings.text("file_suffix"),
    )
