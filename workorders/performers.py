"""Who carries out the duties of an order: its concentrator, the meter behind it, ourselves.

The association with the meter is opened when the first duty wants it, and identified before any
duty is sent (companion profile 5, ID). The concentrator's own stays open beside it.
"""

from contextlib import AsyncExitStack
from types import TracebackType

from devices.drivers.base import KeysRefused, Locked, MeterLine
from devices.drivers.duties import Answer, By, Duty, KeySet
from workorders import deeds, meter_access, reads
from workorders.activities.orders.base import Collect, HostClock, Reassociate
from workorders.activities.orders.keys import HeldConcentratorKeys, HeldKeys
from workorders.candidates import Candidate
from workorders.meter_access import MeterAccess
from workorders.orders import Taken
from workorders.visiting import Visiting


class Performers:
    """For the time of one order in one visit; `met` tells whether its meter was spoken to."""

    def __init__(self, visit: Visiting, taken: Taken) -> None:
        self._visit, self._taken = visit, taken
        self._line: MeterLine | None = None
        self._held: Candidate | None = None
        self._stack = AsyncExitStack()
        self.met = False

    async def __aenter__(self) -> "Performers":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    def wants_opening(self, duty: Duty) -> bool:
        """Whether `open` must come before the duty."""
        return duty.by is By.METER and self._line is None

    async def open(self) -> None:
        """Associate by the first set of keys that opens; raises what the association comes to."""
        assert self._taken.meter_id is not None, "an order of a meter names it"  # noqa: S101
        access = await self._visit.means.control(meter_access.load, self._taken.meter_id)
        self.met = True
        refused: KeysRefused | None = None
        for candidate in access.candidates:
            try:
                return await self._associate(access, candidate)
            except KeysRefused as error:
                refused = error
        raise refused or Locked(meter_access.NO_KEYS)

    async def _associate(self, access: MeterAccess, candidate: Candidate) -> None:
        await self._visit.means.control(meter_access.start, candidate)
        credentials = meter_access.credentials(self._visit, access, candidate)
        opening = self._visit.open_session.meter(self._taken.mac, credentials)
        self._line = await self._stack.enter_async_context(opening)
        self._held = candidate
        self._stack.push_async_callback(self._remember, self._line, candidate)

    async def perform(self, duty: Duty) -> Answer | object:
        """Carry a duty out; raises FieldError."""
        if isinstance(duty, Reassociate):
            await self._release()
            return None
        if isinstance(duty, HostClock):
            return self._visit.means.clock_objection(self._visit.setting("host_clock_limit"))
        if isinstance(duty, Collect):
            return await reads.collect_now(self._visit, duty.activity)
        if isinstance(duty, HeldKeys | HeldConcentratorKeys):
            return self._held_keys(duty)
        if duty.by is By.HEAD_END:
            claim = self._visit.assignment.claim
            return await self._visit.means.control(deeds.do, self._taken, claim, duty)
        if duty.by is By.CONCENTRATOR:
            return await self._visit.open_session.perform(duty, self._taken.order)
        assert self._line is not None, "open() comes first"  # noqa: S101 - our own order
        return await self._line.perform(duty, self._taken.order)

    async def _release(self) -> None:
        await self._stack.aclose()
        self._stack, self._line = AsyncExitStack(), None

    def _held_keys(self, duty: HeldKeys | HeldConcentratorKeys) -> KeySet:
        held = self._held if isinstance(duty, HeldKeys) else self._visit.assignment.held
        assert held is not None, "it is associated"  # noqa: S101 - our own order
        return held.keys

    async def _remember(self, line: MeterLine, candidate: Candidate) -> None:
        assert self._taken.meter_id is not None  # noqa: S101 - it was opened
        title, counter = line.server_title, line.server_counter
        await self._visit.means.control(
            meter_access.remember, self._taken.meter_id, candidate, title, counter
        )
