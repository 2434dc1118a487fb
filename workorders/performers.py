"""Who carries out the duties of an order: its concentrator, the meter behind it, ourselves.

The association with the meter is opened when the first duty wants it, and identified before any
duty is sent (companion profile 5, ID). The concentrator's own stays open beside it.
"""

from contextlib import AsyncExitStack
from types import TracebackType

from devices.drivers.base import MeterLine
from devices.drivers.duties import Answer, By, Duty
from workorders import deeds, meter_access, reads
from workorders.activities.orders.base import Collect, HostClock, Reassociate
from workorders.meter_access import MeterAccess
from workorders.orders import Taken
from workorders.visiting import Visiting


class Performers:
    """For the time of one order in one visit; `met` tells whether its meter was spoken to."""

    def __init__(self, visit: Visiting, taken: Taken) -> None:
        self._visit, self._taken = visit, taken
        self._line: MeterLine | None = None
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
        """Associate with the meter; raises what the association comes to."""
        assert self._taken.meter_id is not None, "an order of a meter names it"  # noqa: S101
        access = await self._visit.means.control(meter_access.load, self._taken.meter_id)
        self.met = True
        credentials = meter_access.credentials(self._visit, access)
        opening = self._visit.open_session.meter(self._taken.mac, credentials)
        self._stack.push_async_callback(self._remember, access)
        self._line = await self._stack.enter_async_context(opening)

    async def perform(self, duty: Duty) -> Answer | object:
        """Carry a duty out; raises FieldError."""
        if isinstance(duty, Reassociate):
            await self._release()
            return None
        if isinstance(duty, HostClock):
            return self._visit.means.clock_objection(self._visit.setting("host_clock_limit"))
        if isinstance(duty, Collect):
            return await reads.collect_now(self._visit, duty.activity)
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

    async def _remember(self, access: MeterAccess) -> None:
        if self._line is not None:
            title, counter = self._line.server_title, self._line.server_counter
            await self._visit.means.control(meter_access.remember, access.meter_id, title, counter)
