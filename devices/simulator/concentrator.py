"""The objects of a concentrator (companion profile 3.1, 3.3) that collections need."""

from collections.abc import Callable

from devices.protocol.axdr import I8, U8, U16, U32, Data, Enum
from devices.protocol.clock import SUMMER_TIME
from devices.protocol.errors import DataAccess, GarbledError
from devices.protocol.selective import Selection
from devices.protocol.services import Answer
from devices.protocol.tables import TABLES
from devices.simulator.changes import Guard
from devices.simulator.local import LocalClock
from devices.simulator.mailbox import Mailbox
from devices.simulator.objects import CLOCK, DATA, PROFILE, ObjectTree
from devices.simulator.state import Memory
from devices.simulator.tables import JOURNALS, CycleRange, View, buffer
from devices.simulator.tables.journal import Everything

STATUS_WORD = bytes.fromhex("04B01E")
SOFTWARE_NUMBER = 22
FINISHED_TABLES = tuple(JOURNALS)
CAPACITY = U32(200_000)
DAYLIGHT_SAVING_AT_MOST = 10
INTERNAL_CRYSTAL = Enum(1)


class ConcentratorObjects(ObjectTree):
    """One concentrator as seen through one association.

    What cycles brought is frozen when the association opens, so that a buffer does not move under
    its reader; snapshots are answered as they are (*assumed*), and the clock runs with `now`.
    """

    def __init__(
        self,
        look: Callable[[], View],
        now: Callable[[], float],
        memory: Memory,
        lv_address: bytes,
        mailbox: Mailbox,
        guard: Guard,
        *,
        compact: bool = False,
    ) -> None:
        super().__init__(guard)
        self._look = look
        self._view = view = look()
        self._clock_now = now
        self._memory = memory
        self._compact = compact
        self._identity(lv_address)
        self._clock()
        self._table_objects()
        mailbox.install(self, view.clock)

    def _identity(self, lv_address: bytes) -> None:
        serial = self._view.serial.encode()
        self.associations(serial)
        for name, value in (
            ("0.0.42.0.0", serial), ("0.0.96.1.0", serial), ("0.0.96.1.1", lv_address),
            ("0.0.96.50.0", U8(SOFTWARE_NUMBER)), ("0.0.96.5.0", STATUS_WORD),
        ):  # fmt: skip
            self.value(DATA, name, 2, _constant(value))
        self.value(DATA, "0.0.43.1.0", 2, lambda: U32(max(self._memory.counters.client, 0)))
        self.value(DATA, "0.0.96.59.0", 2, self._gateway_result)

    def _gateway_result(self) -> Data:
        result = self._memory.gateway
        stamp = self._view.clock.stamp(result.at)
        return result.mac, U8(result.code), U8(result.hops), Enum(result.delivered), stamp

    # --- clock --------------------------------------------------------------------------------

    def _clock(self) -> None:
        name = "0.0.1.0.0"
        self.value(CLOCK, name, 2, lambda: self._local.stamp(self._now()))
        self.value(CLOCK, name, 4, lambda: U8(SUMMER_TIME * self._local.is_summer(self._now())))
        self.value(CLOCK, name, 5, lambda: self._daylight_saving(0))
        self.value(CLOCK, name, 6, lambda: self._daylight_saving(1))
        self.value(CLOCK, name, 7, lambda: I8(60))
        self.value(CLOCK, name, 8, lambda: True)
        self.value(CLOCK, name, 9, lambda: INTERNAL_CRYSTAL)
        self.change(CLOCK, name, 2, self._set_clock)
        self.value(DATA, "0.0.96.57.0", 2, self._daylight_table)
        self.change(DATA, "0.0.96.57.0", 2, self._set_daylight_table)

    @property
    def _local(self) -> LocalClock:
        return self._view.clock

    def _now(self) -> int:
        return int(self._clock_now() + self._memory.drift)

    def _set_clock(self, value: Data) -> DataAccess:
        if not isinstance(value, bytes):
            return DataAccess.TYPE_UNMATCHED
        try:
            self._memory.drift = self._local.instant(value) - self._clock_now()
        except GarbledError:
            return DataAccess.TYPE_UNMATCHED
        return DataAccess.SUCCESS

    def _daylight_table(self) -> list[Data]:
        if isinstance(self._memory.daylight_saving, list):
            return self._memory.daylight_saving
        local = self._local
        return [
            (local.stamp(begin), local.stamp(end))
            for begin, end in local.summer_times(self._now(), years=1)
        ]

    def _daylight_saving(self, which: int) -> Answer:
        pairs = self._daylight_table()
        return pairs[0][which] if pairs else DataAccess.OBJECT_UNAVAILABLE  # type: ignore[index]

    def _set_daylight_table(self, value: Data) -> DataAccess:
        if not isinstance(value, list) or len(value) > DAYLIGHT_SAVING_AT_MOST:
            return DataAccess.TYPE_UNMATCHED
        try:
            for begin, end in value:  # a wrong shape raises, and is refused
                self._local.instant(begin)
                self._local.instant(end)
        except (GarbledError, TypeError, ValueError):
            return DataAccess.TYPE_UNMATCHED
        self._memory.daylight_saving = value
        return DataAccess.SUCCESS

    # --- tables -------------------------------------------------------------------------------

    def _table_objects(self) -> None:
        self.value(DATA, "0.0.96.52.0", 2, self._table_state)
        for number in TABLES:
            name = f"0.0.96.51.{number}"
            self.buffer(name, buffer.capture_objects(number), self._reader(number))
            self.value(PROFILE, name, 4, lambda: U32(0))
            self.value(PROFILE, name, 7, self._counter(number))
            self.value(PROFILE, name, 8, lambda: CAPACITY)

    def _reader(self, number: int) -> Callable[[Selection | None], Answer]:
        def read(selection: Selection | None) -> Answer:
            view = self._view_of(number)
            return buffer.answer(view, number, selection, compact=self._compact)

        return read

    def _counter(self, number: int) -> Callable[[], U32]:
        return lambda: U32(buffer.count(self._view_of(number), number, Everything()))

    def _view_of(self, number: int) -> View:
        return self._view if number in JOURNALS else self._look()

    def _table_state(self) -> list[Data]:
        return [self._state_of(number) for number in FINISHED_TABLES]

    def _state_of(self, number: int) -> Data:
        """st{table, last finished cycle, oldest, finished at, asked, answered, rows, running};
        rows are those of the last finished cycle (*assumed*)."""
        view, rounds = self._view, self._view.rounds
        finished = rounds.finished(number, view.now)
        oldest = rounds.first_for(number, JOURNALS[number].oldest(view) + 1)
        answered = sum(rounds.answers(meter.serial, number, finished) for meter in view.meters)
        return (
            U8(number), U32(finished), U32(min(oldest, finished)),
            view.clock.stamp(rounds.end(number, finished)), U16(len(view.meters)), U16(answered),
            U32(buffer.count(view, number, CycleRange(finished, finished))), True,
        )  # fmt: skip


def _constant(value: Data) -> Callable[[], Data]:
    return lambda: value
