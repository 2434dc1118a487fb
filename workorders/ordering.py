"""Orders of a visit: what was asked for on demand goes first (design D5, D13; profile 5, 6).

An activity's steps are driven duty by duty. Before the first one that changes something SENDING is
committed with all checks repeated; from then on only an answer or a later read says how it ended.
"""

import logging
import time
from collections.abc import Generator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any

from devices import recording
from devices.drivers.base import FieldError, Garbled, Locked, NodeSilent, Refused, Timeout
from devices.drivers.duties import Diagnosis, Duty
from workorders import command_lock, orders
from workorders.activities.orders.base import (
    Facts,
    Later,
    NotDone,
    OrderActivity,
    Result,
    Verdict,
)
from workorders.activities.orders.failure import FIRST_EXCHANGE, failure_text
from workorders.activities.orders.registry import ACTIVITIES
from workorders.credentials import BY_PASSWORD
from workorders.orders import Taken
from workorders.performers import Performers
from workorders.visiting import Visiting

log = logging.getLogger(__name__)

METER_SILENT = (NodeSilent, Timeout, Garbled)
LONG_SECONDS = 300.0  # of a visit for orders of many steps: collections shall have their turn


class _Stopped(Exception):
    """The SENDING transaction decided that this order is not sent; its state says why."""


async def run_orders(visit: Visiting) -> None:
    """All orders that may be sent now, most urgent first.

    Raises what ends the visit: LeaseLost, and errors of the concentrator's own line.
    """
    while taken := await visit.means.control(orders.take, visit.assignment.claim, _too_long(visit)):
        visit.assignment.is_called = True
        visit.outcome.ran.append(taken.kind)
        begun = time.monotonic()
        await _Execution(visit, taken).run()
        if ACTIVITIES[taken.kind].is_long:
            visit.long_seconds += time.monotonic() - begun
    visit.assignment.is_called = False


def _too_long(visit: Visiting) -> list[str]:
    """The kinds whose turn comes in another visit."""
    if visit.long_seconds < LONG_SECONDS:
        return []
    return [kind for kind, activity in ACTIVITIES.items() if activity.is_long]


class _Execution:
    """One order in one visit."""

    def __init__(self, visit: Visiting, taken: Taken) -> None:
        self._visit, self._taken = visit, taken
        self._activity: OrderActivity = ACTIVITIES[taken.kind]
        self._control = visit.means.control
        self._claim = visit.assignment.claim
        self._performers = Performers(visit, taken)
        self._answers: list[Any] = []
        self._duty: Duty = FIRST_EXCHANGE
        self._is_sent = self._is_changed = False
        self._held = AsyncExitStack()

    async def run(self) -> None:
        """To its end, or to UNKNOWN, or back into the queue."""
        async with self._held:
            if not self._wants_lock() or await self._locked():
                await self._carry_out()

    def _wants_lock(self) -> bool:
        """Not where to repeat it does no harm; an order of many steps wants it for its change."""
        is_changed_late = self._activity.is_long and not self._taken.is_unknown
        return self._activity.read_back is not None and not is_changed_late

    async def _locked(self) -> bool:
        """Hold the command lock to the order's end in this visit, or give the order back."""
        await self._held.enter_async_context(self._visit.means.commands)
        of = command_lock.device(self._taken.meter_id, self._claim.concentrator)
        if await self._held.enter_async_context(command_lock.held(self._control, of)):
            return True
        text, pause = "another worker is at this device", orders.PAUSE_SECONDS
        await self._control(orders.give_back, self._taken, self._claim, text, pause)
        return False

    async def _carry_out(self) -> None:
        try:
            if self._visit.assignment.is_by_password and not self._activity.by_password:
                raise Locked(BY_PASSWORD)
            async with self._performers:
                if self._taken.is_unknown:
                    await self._find_out()
                else:
                    await self._end(await self._drive(self._activity.steps(self._facts())))
        except _Stopped:
            return
        except FieldError as error:
            await self._failed(error)

    async def _find_out(self) -> None:
        """Turn UNKNOWN into done or not done by harmless reads alone."""
        read_back = self._activity.read_back
        verdict: Verdict = NotDone()
        if read_back is not None:
            verdict = await self._drive(read_back(self._facts()))
        await self._control(orders.found, self._taken, self._claim, verdict)
        await self._note_contact(made=True)

    async def _drive(self, steps: Generator[Duty, Any, Any]) -> Any:
        """Hand duties to who performs them and answers, or errors, to the steps.

        An association that stays shut is none of the steps' errors.
        """
        answer: object = None
        error: FieldError | None = None
        while True:
            try:
                duty = steps.throw(error) if error else steps.send(answer)
            except StopIteration as end:
                return end.value
            answer, error = None, None
            if self._performers.wants_opening(duty):
                self._duty = FIRST_EXCHANGE
                await self._performers.open()
            try:
                answer = await self._perform(duty)
            except FieldError as fault:
                error = fault

    async def _perform(self, duty: Duty) -> object:
        self._duty = duty
        if duty.changes:
            await self._begin()
            self._visit.require_lease()  # before each: here a frozen process wakes up
        answer = await self._performers.perform(duty)
        if isinstance(answer, Diagnosis):  # kept even if the order is lost before its end
            await self._note_alarms(answer)
        if not self._is_sent:
            self._answers.append(answer)
        self._is_changed |= duty.changes
        return answer

    async def _begin(self) -> None:
        """The point of no return, once: committed before the first byte of a change."""
        if self._is_sent:
            return
        if self._activity.is_long and not await self._locked():
            raise _Stopped
        before = self._activity.transaction_before(self._answers)
        stop = await self._control(
            partial(orders.begin_sending, transaction_before=before), self._taken, self._claim
        )
        if stop is not None:
            raise _Stopped
        self._is_sent = True

    async def _end(self, outcome: Result | Later) -> None:
        if isinstance(outcome, Later):
            await self._control(orders.continue_later, self._taken, self._claim, outcome)
        else:
            await self._control(orders.finish, self._taken, self._claim, outcome)
        await self._note_contact(made=True)

    async def _failed(self, error: FieldError) -> None:
        """Back into the queue, UNKNOWN, or failed, by what the error proves (profile 6)."""
        await self._note_contact(made=not isinstance(error, METER_SILENT))
        if self._taken.is_unknown:
            await self._control(orders.silent, self._taken, self._claim)
        elif self._is_sent and self._is_open(error):
            await self._control(orders.lost, self._taken, self._claim, error.text)
        elif not self._is_sent and isinstance(error, METER_SILENT) and self._may_retry():
            pause = self._pause()
            await self._control(orders.give_back, self._taken, self._claim, error.text, pause)
        else:
            text = failure_text(self._activity, error.text, self._duty)
            failed = Result(False, self._activity.ko_code, text)
            await self._control(orders.finish, self._taken, self._claim, failed)
        if isinstance(error, Garbled | Timeout):
            raise error  # the line itself is in doubt: the rest of the visit comes later

    def _is_open(self, error: FieldError) -> bool:
        """Whether a change may have taken place that nobody has told us the end of."""
        if not self._duty.changes:
            return True  # an error of a later read says nothing about the change before it
        if isinstance(error, NodeSilent):
            return error.delivered or self._is_changed
        return not isinstance(error, Refused) or error.executed is None

    def _may_retry(self) -> bool:
        limit = self._visit.setting("order_attempts")
        is_left = self._is_patient or self._taken.attempts + 1 < limit
        return not self._taken.bypass_retry and is_left

    @property
    def _is_patient(self) -> bool:
        """A silent device is waited for until the order expires."""
        return self._activity.is_patient or self._taken.is_of_campaign

    def _pause(self) -> float:
        """Seconds after a silence: longer and longer where there is no end of tries."""
        if not self._is_patient:
            return orders.PAUSE_SECONDS
        longest = orders.LONGEST_PAUSE_SECONDS
        return min(orders.PAUSE_SECONDS * 2.0 ** min(self._taken.attempts, 16), longest)

    async def _note_contact(self, made: bool) -> None:
        """A meter that answers is reached, one that is silent was missed once more (nrn)."""
        if self._performers.met:
            visit = self._visit
            await visit.means.bulk(
                recording.record_exchange, visit.known_fleet, self._taken.mac, made, visit.fence
            )

    async def _note_alarms(self, diagnosis: Diagnosis) -> None:
        """Edges against the last stored word make SWE lines."""
        now, visit = int(datetime.now(UTC).timestamp()), self._visit
        await visit.means.bulk(
            recording.record_alarm_word, visit.known_fleet, self._taken.mac, diagnosis.alarm_word,
            now, self._offset(now), visit.fence,
        )  # fmt: skip

    def _facts(self) -> Facts:
        now = int(datetime.now(UTC).timestamp())
        return Facts(
            order=self._taken.order,
            mac=self._taken.mac,
            now=now,
            offset=self._offset(now),
            parameters=self._taken.parameters,
            transaction=self._taken.transaction,
            transaction_before=self._taken.transaction_before,
            attempts=self._taken.attempts,
        )

    def _offset(self, now: int) -> int:
        """Minutes east of UTC at the device."""
        offset = datetime.fromtimestamp(now, self._visit.zone).utcoffset()
        return int(offset.total_seconds()) // 60 if offset else 0
