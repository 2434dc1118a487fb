"""The world of visits without I/O: orders, lanes, workers and meters under a seeded scheduler.

Rules are the product's own where they are pure (states, guard, activities); the store keeps in
memory what `workorders.orders` keeps in SQL. How workers live: order_life.
"""

import random
from collections import Counter
from datetime import UTC, datetime

from tests.factories.order_field import Claim, Lane, LeaseLost, Meter, Order, Violation, Worker
from tests.factories.order_life import LEASE, SILENT_READS, WorkerLife
from tests.factories.reading_world import GRACE, LINE_HELD
from workorders import guard
from workorders.activities.orders.registry import ACTIVITIES
from workorders.guard import Caps, Counts, Standing
from workorders.pacing import SPAN_SECONDS
from workorders.states import FINAL, IN_FLIGHT, Cause, OrderState, after, sources

METERS = 5
KINDS = ("disconnect", "reconnect", "credit_charge")
CAPS = Caps(Counts(3, 100, 4, 100, 2), 1000)
PACE = 1  # reconnections of a lane within the span
HELD, QUEUED, LEASED = OrderState.HELD, OrderState.QUEUED, OrderState.LEASED
SENDING, UNKNOWN = OrderState.SENDING, OrderState.UNKNOWN
EPOCH = datetime(2026, 11, 20, tzinfo=UTC)


class World(WorkerLife):
    """Two lanes, five meters, three workers. `without` leaves a rule out, to see it needed."""

    def __init__(self, seed: int, without: str = "") -> None:
        self.dice, self.without = random.Random(seed), without  # noqa: S311
        self.now, self.faults = 1000.0, True
        self.orders: list[Order] = []
        self.lanes = [Lane(), Lane()]
        self.meters = [Meter() for _ in range(METERS)]
        self.workers = [self.worker() for _ in range(3)]
        self.furnish(METERS)
        self.drawn = 0
        self.moves: Counter[Cause] = Counter()

    # --- the scheduler ----------------------------------------------------------------------------

    def run(self, steps: int = 1500) -> None:
        """Faults without limit, then healed until all is over."""
        for _ in range(steps):
            self.step()
        self.faults = False
        for worker in self.workers:
            worker.frozen_until = 0.0
        for _ in range(5000):
            left = [order for order in self.orders if order.state not in FINAL]
            if not left and self.is_collected():
                return
            self.step()
        raise Violation(f"not final: {left}, all collected: {self.is_collected()}")

    def step(self) -> None:
        self.now += self.dice.expovariate(1.0)
        acts = [self.work] * 40 + [self.sweep, self.approve, self.resolve]
        if self.faults:
            acts += [self.submit, self.cancel, self.kill, self.freeze, self.local]
            acts.append(self.break_down)
        self.dice.choice(acts)()

    def work(self) -> None:
        for worker in self.workers:  # renewals, each on its own
            if worker.frozen_until <= self.now < worker.lease_until:
                worker.lease_until = self.now + LEASE
        worker = self.dice.choice(self.workers)
        if worker.frozen_until <= self.now:
            next(worker.life)

    def worker(self) -> Worker:
        made = Worker(self.now + LEASE)
        made.life = self.living(made)
        return made

    def kill(self) -> None:
        """Its lease runs out by itself; another incarnation takes its place."""
        place = self.dice.randrange(3)
        self.hold_line(self.workers[place], self.now + LINE_HELD)
        self.workers[place] = self.worker()

    def freeze(self, worker: Worker | None = None) -> None:
        frozen = worker or self.dice.choice(self.workers)
        frozen.frozen_until = self.now + self.dice.uniform(0, 3 * LEASE)
        self.hold_line(frozen, frozen.frozen_until)

    # --- people and callers -----------------------------------------------------------------------

    def submit(self) -> None:
        key = str(self.dice.randrange(200))
        if any(order.key == key for order in self.orders):
            return  # the first order is the answer
        kind = self.dice.choice(KINDS)
        parameters = {"amount": self.dice.randint(1, 500)} if kind == "credit_charge" else {}
        expires = self.now + self.dice.uniform(20, 600)
        number, meter = len(self.orders) + 1, self.dice.randrange(METERS)
        priority = self.dice.randrange(10)
        self.orders.append(Order(number, kind, meter, key, expires, parameters, priority))
        self.supersede(self.orders[-1])

    def supersede(self, newer: Order) -> None:
        activity = ACTIVITIES[newer.kind]
        for old in self.orders[: newer.number - 1]:
            if old.meter != newer.meter or old.kind not in activity.supersedes:
                continue
            may = old.state is not UNKNOWN or (
                ACTIVITIES[old.kind].guarded and not activity.guarded
            )
            if may:
                self.move(old, Cause.SUPERSEDED)

    def cancel(self) -> None:
        if self.orders:
            self.move(self.dice.choice(self.orders), Cause.CANCELLED)

    def approve(self) -> None:
        for order in self.orders:
            if order.state is HELD and order.expires > self.now:
                order.is_approved = self.move(order, Cause.APPROVED)
                self.supersede(order)

    def resolve(self) -> None:
        """A person looks at the meter."""
        for order in self.orders:
            if order.state is UNKNOWN and order.silent >= SILENT_READS:
                is_done = order in self.meters[order.meter].log
                self.move(order, Cause.RESOLVED_DONE if is_done else Cause.RESOLVED_FAILED)

    def local(self) -> None:
        """The field app does one at the meter and reports it, or reports that it could not."""
        if not self.orders:
            return
        order = self.dice.choice(self.orders)
        is_told = order.silent >= SILENT_READS and order.kind != "credit_charge"
        if order.state is UNKNOWN and not is_told:
            return
        is_done = order.state is UNKNOWN or self.dice.random() < 0.7
        cause = Cause.EXECUTED_LOCALLY if is_done else Cause.FAILED_LOCALLY
        if self.move(order, cause) and is_done:
            order.sent_at = self.now
            self.meters[order.meter].carry_out(order, self.now)

    def sweep(self) -> None:
        for lane in self.lanes:
            if lane.owner and lane.owner.lease_until <= self.now:
                lane.owner, lane.taken_over_at = None, self.now
        for order in self.orders:
            lane = self.lanes[self.lane_of(order)]
            is_held = lane.owner is not None and order.token == lane.token
            if order.state in (LEASED, SENDING) and not is_held:
                self.move(order, Cause.LOST if order.state is SENDING else Cause.GIVEN_BACK)
            if order.expires <= self.now and order.state in (HELD, QUEUED):
                self.move(order, Cause.EXPIRED)

    # --- the store: each method is one transaction ------------------------------------------------

    @staticmethod
    def lane_of(order: Order) -> int:
        return order.meter % 2

    def move(self, order: Order, cause: Cause) -> bool:
        may = order.state in sources(cause)
        if may:
            self.moves[cause] += 1
            order.state = after(order.state, cause)
        return may

    def claim(self, worker: Worker) -> Claim | None:
        for number in self.dice.sample(range(2), 2):
            lane = self.lanes[number]
            if lane.owner is None and worker.lease_until > self.now:
                lane.owner, lane.token = worker, lane.token + 1
                since = lane.taken_over_at
                is_fresh = since is not None and since > self.now - GRACE
                return Claim(worker, number, lane.token, is_fresh)
        return None

    def fence(self, claim: Claim) -> None:
        lane = self.lanes[claim.lane]
        is_ours = lane.owner is claim.worker and lane.token == claim.token
        if not is_ours or claim.worker.lease_until <= self.now:
            raise LeaseLost

    def take(self, claim: Claim) -> Order | None:
        self.fence(claim)
        own = [order for order in self.orders if self.lane_of(order) == claim.lane]
        for order in own:
            is_due = order.pause <= self.now and order.silent < SILENT_READS
            if order.state is UNKNOWN and is_due:
                order.token, order.pause = claim.token, self.now + 60
                return order
        busy = {order.meter for order in own if order.state in IN_FLIGHT}
        for order in sorted(own, key=lambda order: -order.priority):
            is_ready = order.pause <= self.now < order.expires and order.meter not in busy
            if order.state is QUEUED and is_ready:
                order.token = claim.token
                self.move(order, Cause.CLAIMED)
                return order
        return None

    def begin(self, order: Order, claim: Claim, before: int | None) -> bool:
        self.fence(claim)
        against = guard.objection(self.standing(order, claim)) or self.cap(order)
        against = against or self.pace(order)
        if against:
            if against.cause:
                self.move(order, against.cause)
            if against.cause is Cause.PACED:
                order.pause = self.now + SPAN_SECONDS
            return False
        if self.would_overtake(order) and self.without != "overtaking":
            self.move(order, Cause.GIVEN_BACK)
            order.pause = self.now + 5
            return False
        order.before, order.silent, order.pause = before, 0, 0.0
        order.is_counted = ACTIVITIES[order.kind].guarded
        order.sent_at = self.now if order.sent_at is None else order.sent_at
        order.begun_at = self.now
        if order.kind == "credit_charge" and order.transaction is None:
            self.drawn += 1
            order.transaction = self.drawn
        return self.move(order, Cause.BEGUN)

    def would_overtake(self, order: Order) -> bool:
        """Whether a credit of the meter that was sent is not decided."""
        return (
            ACTIVITIES[order.kind].needs_transaction
            and order.transaction is None
            and any(
                other.meter == order.meter and other.transaction and other.state not in FINAL
                for other in self.orders
            )
        )

    def standing(self, order: Order, claim: Claim) -> Standing:
        newer = any(
            other.meter == order.meter
            and order.kind in ACTIVITIES[other.kind].supersedes
            and other.state not in (HELD, OrderState.CANCELLED, OrderState.EXPIRED)
            for other in self.orders[order.number :]
        )
        is_ours = order.token == claim.token or order.state in FINAL
        return Standing(
            local=EPOCH,
            window="",
            state=order.state if is_ours else QUEUED,
            kind=order.kind,
            company=1,
            concentrator=claim.lane,
            requested_by="ana",
            is_expired=order.expires <= self.now,
            is_superseded=newer,
            is_at_place=True,
            is_protected=False,
            frozen=None,
            is_approved=order.is_approved,
            is_approval_fresh=True,
            was_counted=order.is_counted,
        )

    def cap(self, order: Order) -> guard.Objection | None:
        if order.is_counted or not ACTIVITIES[order.kind].guarded:
            return None
        hour = [o for o in self.orders if o.is_counted and o.sent_at > self.now - 3600]
        street = sum(self.lane_of(o) == self.lane_of(order) for o in hour)
        sent = Counts(len(hour), len(hour), len(hour), len(hour), street)
        text = guard.over_cap(sent, CAPS, order.is_approved)
        return guard.Objection(Cause.HELD_BACK, text) if text else None

    def pace(self, order: Order) -> guard.Objection | None:
        begin, ends = self.now - SPAN_SECONDS, self.now + SPAN_SECONDS
        if not ACTIVITIES[order.kind].paced or order.sent_at is not None or order.expires <= ends:
            return None
        lane = [o for o in self.orders if self.lane_of(o) == self.lane_of(order)]
        sent = [o.sent_at for o in lane if ACTIVITIES[o.kind].paced and o.sent_at is not None]
        busy = sum(at > begin for at in sent) >= PACE
        return guard.Objection(Cause.PACED, "a few a minute") if busy else None

    def settle(self, order: Order, claim: Claim, cause: Cause, pause: float = 0.0) -> None:
        self.fence(claim)
        if order.token == claim.token and self.move(order, cause):
            order.pause = self.now + pause

    def silent(self, order: Order, claim: Claim, reads: int) -> None:
        self.fence(claim)
        if order.token == claim.token and order.state is UNKNOWN:
            order.silent, order.pause = reads, self.now + 10

    def require_lease(self, claim: Claim) -> None:
        """By the worker's own clock, before every change."""
        if claim.worker.lease_until <= self.now:
            raise LeaseLost
