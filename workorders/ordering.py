"""Orders of a visit: what was asked for on demand goes first (design D5, D13; profile 5, 6).

An activity's steps are driven duty by duty. Before the first one that changes something SENDING is
committed with all checks repeated; from then on only an answer or a later read says how it ended.
"""

import logging
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from devices import recording
from devices.drivers.base import FieldError, Garbled, NodeSilent, Refused, Timeout
from devices.drivers.duties import Answer, Diagnosis, Duty
from workorders import command_lock, meter_access, orders
from workorders.activities.orders.base import (
    DrawTransaction,
    Facts,
    NotDone,
    OrderActivity,
    Result,
    Target,
    Verdict,
)
from workorders.activities.orders.failure import FIRST_EXCHANGE, failure_text
from workorders.activities.orders.registry import ACTIVITIES
from workorders.orders import Taken
from workorders.threads import DATABASE_GONE
from workorders.visiting import Visiting

log = logging.getLogger(__name__)

METER_SILENT = (NodeSilent, Timeout, Garbled)


class Performer(Protocol):
    """A session with the concentrator, or with one meter behind it."""

    async def perform(self, duty: Duty, order: int | None = None) -> Answer: ...


class _Stopped(Exception):
    """The SENDING transaction decided that this order is not sent; its state says why."""


async def run_orders(visit: Visiting) -> None:
    """All orders that may be sent now, most urgent first.

    Raises what ends the visit: LeaseLost, and errors of the concentrator's own line.
    """
    while taken := await visit.means.control(orders.take, visit.assignment.claim):
        visit.outcome.ran.append(taken.kind)
        await _Execution(visit, taken).run()


class _Execution:
    """One order in one visit."""

    def __init__(self, visit: Visiting, taken: Taken) -> None:
        self._visit, self._taken = visit, taken
        self._activity: OrderActivity = ACTIVITIES[taken.kind]
        self._control = visit.means.control
        self._claim = visit.assignment.claim
        self._answers: list[Answer] = []
        self._duty: Duty = FIRST_EXCHANGE
        self._is_sent = self._is_changed = False
        self._transaction = taken.transaction

    async def run(self) -> None:
        """To its end, or to UNKNOWN, or back into the queue."""
        if self._activity.read_back is None:  # to repeat it does no harm
            await self._carry_out()
            return
        async with self._visit.means.commands, self._command_lock() as is_ours:
            if is_ours:
                await self._carry_out()
            else:
                text, pause = "another worker is at this device", orders.PAUSE_SECONDS
                await self._control(orders.give_back, self._taken, self._claim, text, pause)

    @asynccontextmanager
    async def _command_lock(self) -> AsyncIterator[bool]:
        of = command_lock.device(self._taken.meter_id, self._claim.concentrator)
        is_ours = await self._control(command_lock.acquire, of)
        try:
            yield is_ours
        finally:
            if is_ours:
                with suppress(*DATABASE_GONE):  # a session that was lost has lost its locks
                    await self._control(command_lock.release, of)

    async def _carry_out(self) -> None:
        try:
            async with self._performer() as performer:
                if self._taken.is_unknown:
                    await self._find_out(performer)
                else:
                    result = await self._drive(performer, self._activity.steps(self._facts()))
                    await self._finish(result)
        except _Stopped:
            return
        except FieldError as error:
            await self._failed(error)

    async def _find_out(self, performer: Performer) -> None:
        """Turn UNKNOWN into done or not done by harmless reads alone."""
        read_back = self._activity.read_back
        verdict: Verdict = NotDone()
        if read_back is not None:
            verdict = await self._drive(performer, read_back(self._facts()))
        await self._control(orders.found, self._taken, self._claim, verdict)
        if read_back is not None:
            await self._note_contact(made=True)

    async def _drive(self, performer: Performer, steps: Generator[Duty, Any, Any]) -> Any:
        """Hand duties to the performer and answers, or errors, to the steps."""
        answer: Answer | int = None
        error: FieldError | None = None
        while True:
            try:
                duty = steps.throw(error) if error else steps.send(answer)
            except StopIteration as end:
                return end.value
            answer, error = None, None
            try:
                answer = await self._perform(performer, duty)
            except FieldError as fault:
                error = fault

    async def _perform(self, performer: Performer, duty: Duty) -> Answer | int:
        self._duty = duty
        if duty.changes:
            await self._begin()
            self._visit.require_lease()  # before each: here a frozen process wakes up
        if isinstance(duty, DrawTransaction):
            return self._transaction or 0
        answer = await performer.perform(duty, self._taken.order)
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
        before = self._activity.transaction_before(self._answers)
        go = await self._control(
            partial(orders.begin_sending, transaction_before=before), self._taken, self._claim
        )
        if not isinstance(go, orders.Go):
            raise _Stopped
        self._is_sent, self._transaction = True, go.transaction

    async def _finish(self, result: Result) -> None:
        await self._control(orders.finish, self._taken, self._claim, result)
        await self._note_contact(made=True)

    async def _failed(self, error: FieldError) -> None:
        """Back into the queue, UNKNOWN, or failed, by what the error proves (profile 6)."""
        await self._note_contact(made=not isinstance(error, METER_SILENT))
        if self._taken.is_unknown:
            await self._control(orders.silent, self._taken, self._claim)
        elif self._is_sent and self._is_open(error):
            await self._control(orders.lost, self._taken, self._claim, error.text)
        elif not self._is_sent and isinstance(error, METER_SILENT) and self._may_retry():
            pause = orders.PAUSE_SECONDS
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
        return not self._taken.bypass_retry and self._taken.attempts + 1 < limit

    async def _note_contact(self, made: bool) -> None:
        """A meter that answers is reached, one that is silent was missed once more (nrn)."""
        if self._activity.performed_by is Target.METER:
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
        )

    def _offset(self, now: int) -> int:
        """Minutes east of UTC at the device."""
        offset = datetime.fromtimestamp(now, self._visit.zone).utcoffset()
        return int(offset.total_seconds()) // 60 if offset else 0

    @asynccontextmanager
    async def _performer(self) -> AsyncIterator[Performer]:
        visit = self._visit
        if self._activity.performed_by is not Target.METER:
            yield visit.open_session
            return
        assert self._taken.meter_id is not None, "an order of a meter names it"  # noqa: S101
        access = await self._control(meter_access.load, self._taken.meter_id)
        credentials = meter_access.credentials(visit, access)
        async with visit.open_session.meter(self._taken.mac, credentials) as line:
            try:
                yield line
            finally:
                await self._control(
                    meter_access.remember, access.meter_id, line.server_title, line.server_counter
                )
