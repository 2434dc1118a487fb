"""One table, one window: answers block by block into batches of records."""

from collections.abc import AsyncIterator, Iterable, Iterator, MutableMapping

from devices.drivers.base import Batch, Table, Window
from devices.drivers.cosem.batches import Batcher
from devices.drivers.cosem.line import Line
from devices.drivers.cosem.tables import READERS, Layout
from devices.drivers.cosem.windows import selections
from devices.protocol.errors import TableMismatchError
from devices.protocol.objects import capture_objects
from devices.protocol.rows import BufferDecoder
from devices.protocol.selective import Selection
from devices.session import errors
from hes.domain.records import Record

Layouts = MutableMapping[tuple[int, Table], Layout]


class Collection:
    """The batches of `table`, of a concentrator with this software number, in `window`.

    `layouts` is shared by all sessions of a driver: columns are asked for once per table and
    software number, and forgotten when rows do not fit them.
    """

    def __init__(self, line: Line, layouts: Layouts, software_number: int, table: Table) -> None:
        self._line = line
        self._layouts = layouts
        self._key = software_number, table
        self._reader = READERS[table]

    async def batches(self, window: Window) -> AsyncIterator[Batch]:
        """Oldest first; nothing is kept beyond the batch being filled."""
        batcher = Batcher()
        for selection in selections(window, self._line.endpoint.zone):
            async for records in self._records(selection):
                for batch in _full(batcher, records):
                    yield batch
        last = batcher.rest()
        if last is not None:
            yield last

    def forget_columns(self) -> None:
        """The columns were not what this device sends: ask again next time."""
        self._layouts.pop(self._key, None)

    async def _records(self, selection: Selection | None) -> AsyncIterator[list[Record]]:
        layout = await self._layout()
        reader = self._reader.reader(layout, self._line.endpoint.zone)
        decoder = BufferDecoder(width=layout.width)
        async for raw in self._line.conversation.stream(layout.table.buffer, selection):
            with errors.interpreting():
                records = [r for run in decoder.feed(raw) for r in reader.feed(run)]
            yield records
        with errors.interpreting():
            decoder.finish()
            records = list(reader.finish())
        yield records

    async def _layout(self) -> Layout:
        if self._key not in self._layouts:
            value = await self._line.conversation.get(self._reader.table.capture_objects)
            with errors.interpreting():
                captured = capture_objects(value)
            try:
                self._layouts[self._key] = Layout.of(self._reader.table, captured)
            except TableMismatchError as error:
                raise errors.columns_missing() from error
        return self._layouts[self._key]


def _full(batcher: Batcher, records: Iterable[Record]) -> Iterator[Batch]:
    for record in records:
        batch = batcher.add(record)
        if batch is not None:
            yield batch
