"""Orders, lanes, workers and meters as the simulated world keeps them, and what meters do."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from devices.drivers.duties import (
    Breaker,
    CloseBreaker,
    Credit,
    Diagnosis,
    Duty,
    EnterCredit,
    OpenBreaker,
    ReadBreaker,
    ReadCredit,
    SetThreshold,
)
from workorders.activities.orders.base import Facts
from workorders.activities.orders.registry import ACTIVITIES
from workorders.states import OrderState


class LeaseLost(Exception):
    """The lane is another's."""


class Violation(AssertionError):
    """Something happened that never may."""


@dataclass
class Order:
    number: int
    kind: str
    meter: int
    key: str
    expires: float
    parameters: dict
    priority: int
    state: OrderState = OrderState.QUEUED
    token: int = 0
    pause: float = 0.0
    silent: int = 0
    transaction: int | None = None
    before: int | None = None
    sent_at: float | None = None
    begun_at: float = 0.0  # the last time
    is_counted: bool = False
    is_approved: bool = False


@dataclass
class Lane:
    owner: "Worker | None" = None
    token: int = 0
    taken_over_at: float | None = None


@dataclass
class Meter:
    control: int = 1
    threshold: int = 5000
    credit: int = 0
    transaction: int | None = None
    log: list[Order] = field(default_factory=list)
    by_hand: dict[int, float] = field(default_factory=dict)  # place in the log -> when

    def change(self, order: Order, duty: Duty) -> None:
        """Carry a change out, and remember for whom."""
        if isinstance(duty, EnterCredit):
            if duty.transaction <= (self.transaction or 0):
                return
            self.credit, self.transaction = self.credit + duty.amount, duty.transaction
        elif isinstance(duty, SetThreshold):
            self.threshold = duty.power
            return  # moves nothing by itself
        else:
            self.control = {OpenBreaker: 0, CloseBreaker: 1}[type(duty)]
        self.log.append(order)

    def carry_out(self, order: Order, now: float) -> None:
        """By hand: a token of the field app has no transaction of ours."""
        if order.kind == "credit_charge":
            self.credit += order.parameters["amount"]
        else:
            self.control = 0 if order.kind == "disconnect" else 1
        self.by_hand[len(self.log)] = now
        self.log.append(order)

    def answer(self, duty: Duty) -> object:
        """What it says to a duty."""
        if isinstance(duty, ReadBreaker):
            return Breaker(self.control == 1, self.control, self.threshold, self.threshold, 5000)
        if isinstance(duty, ReadCredit):
            status = 3 if self.transaction else 0
            return Credit(self.credit, self.transaction, status, 0, 0)
        return None if duty.changes else Diagnosis(0, 0)


@dataclass
class Worker:
    lease_until: float
    frozen_until: float = 0.0
    life: Iterator[None] | None = None


@dataclass(frozen=True)
class Claim:
    worker: Worker
    lane: int
    token: int
    was_taken_over: bool


@dataclass
class Run:
    order: Order
    claim: Claim
    is_read: bool
    is_sent: bool = False
    answers: list[object] = field(default_factory=list)

    def steps(self, now: float) -> Generator:
        order, activity = self.order, ACTIVITIES[self.order.kind]
        facts = Facts(
            *(order.number, b"", int(now), 0, order.parameters, order.transaction, order.before)
        )
        return activity.read_back(facts) if self.is_read else activity.steps(facts)

    def before(self) -> int | None:
        return ACTIVITIES[self.order.kind].transaction_before(self.answers)
