"""The life of a worker in the simulated world: claims, visits, orders, duty by duty.

A generator that yields wherever the worker may be frozen, killed or overtaken. Between its last
look at the clock and the meter nothing may come.
"""

from collections.abc import Generator

from devices.drivers.base import FieldError, Timeout
from devices.drivers.duties import Duty
from devices.reachability import Outcome
from tests.factories.order_field import Claim, LeaseLost, Meter, Order, Run, Violation, Worker
from tests.factories.reading_world import Broken, ReadingWorld
from workorders.activities.orders.base import DrawTransaction, NotDone, Result, Unclear
from workorders.states import Cause, OrderState

LEASE = 30.0
SILENT_READS = 5
UNKNOWN, SENDING = OrderState.UNKNOWN, OrderState.SENDING


class WorkerLife(ReadingWorld):
    """What the world of orders takes over; the store's methods are the world's own."""

    meters: list[Meter]

    def living(self, worker: Worker) -> Generator[None, None, None]:
        while True:
            yield
            if worker.lease_until <= self.now:
                worker.lease_until = self.now + LEASE
                worker = self.reborn(worker)
            claim = self.claim(worker)
            if claim:
                try:
                    yield from self.visit(claim)
                except LeaseLost:
                    self.hang_up(worker)

    def reborn(self, old: Worker) -> Worker:
        """Another incarnation of the process: what the old one held is no longer its own."""
        for lane in self.lanes:
            if lane.owner is old:
                lane.owner = Worker(0.0)
        return old

    def visit(self, claim: Claim) -> Generator[None, None, None]:
        try:
            yield from self.connect(claim)
            yield from self.run_orders(claim)
            yield from self.collect(claim)
        except Broken:
            yield
        self.fence(claim)
        self.lanes[claim.lane].owner = None
        self.hang_up(claim.worker)

    def run_orders(self, claim: Claim) -> Generator[None, None, None]:
        while order := self.take(claim):
            yield
            yield from self.execute(order, claim)
            yield

    def execute(self, order: Order, claim: Claim) -> Generator[None, None, None]:
        is_read = order.state is UNKNOWN
        run = Run(order, claim, is_read)
        try:
            verdict = yield from self.drive(run)
        except FieldError:
            self.exchange(claim, order.meter, Outcome.MISSED)
            if is_read:
                self.silent(order, claim, order.silent + 1)
            else:
                self.settle(order, claim, Cause.LOST if run.is_sent else Cause.GIVEN_BACK, 5)
        else:
            self.conclude(order, claim, verdict, is_read)
            if verdict is not None:
                self.exchange(claim, order.meter, Outcome.MADE)

    def drive(self, run: Run) -> Generator[None, None, object]:
        """Duties to the meter, answers and errors to the steps; None: stopped before sending."""
        steps = run.steps(self.now)
        answer: object = None
        error: FieldError | None = None
        while True:
            try:
                duty = steps.throw(error) if error else steps.send(answer)
            except StopIteration as end:
                return end.value
            answer, error = None, None
            yield
            if duty.changes and not run.is_sent:
                run.is_sent = self.begin(run.order, run.claim, run.before())
                if not run.is_sent:
                    return None
                if self.faults and self.dice.random() < 0.1:
                    self.freeze(run.claim.worker)  # exactly before the first byte
                yield
            if duty.changes and self.without != "deadline":
                self.require_lease(run.claim)
            try:
                answer = self.perform(run.order, duty)
                run.answers.append(answer)
            except FieldError as fault:
                error = fault
            yield

    def conclude(self, order: Order, claim: Claim, verdict: object, is_read: bool) -> None:
        if isinstance(verdict, Result):
            hands = self.meters[order.meter].by_hand.values()
            if not verdict.is_good and not any(at >= order.begun_at for at in hands):
                raise Violation(f"{order} has failed: {verdict.text}")
            causes = (
                (Cause.FOUND_DONE, Cause.FOUND_FAILED)
                if is_read
                else (Cause.ANSWERED, Cause.DENIED)
            )
            self.settle(order, claim, causes[0] if verdict.is_good else causes[1])
        elif isinstance(verdict, NotDone):
            self.settle(order, claim, Cause.FOUND_UNDONE)
        elif isinstance(verdict, Unclear):
            self.silent(order, claim, SILENT_READS)

    # --- the field --------------------------------------------------------------------------------

    def perform(self, order: Order, duty: Duty) -> object:
        """The meter; its first answers may be lost, before or after it has acted."""
        meter = self.meters[order.meter]
        self.endpoints[self.lane_of(order)].spoken_at = self.now
        if isinstance(duty, DrawTransaction):
            return order.transaction
        fate = self.dice.random() if self.faults else 1.0
        if fate < 0.15:
            raise Timeout("lost before")
        if duty.changes:
            if order.state is not SENDING:
                raise Violation(f"{order} was sent although it is {order.state}")
            meter.change(order, duty)
        if fate < 0.3:
            raise Timeout("lost after")
        return meter.answer(duty)
