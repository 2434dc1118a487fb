"""What must be true when all harm is over: in the database, in the field, and between the two.

I1 to I5 of stored orders are those of `hes verify`; the meters' own counters prove I2 and the
balances, the statistics and their events I9, the slots I10, the lines that have left D12.
"""

from collections import Counter
from collections.abc import Iterator

from django.db.models import Q

from devices.models import ConcentratorStatus, MeterStatistics
from devices.simulator.holdings import Counts, MeterHolding
from tests.factories import fleets
from tests.factories.simulated import measured, sampled
from tests.faults.world import MISSED_AT_MOST, World
from workorders import invariants
from workorders.models import OrderEvent, Slot, Visit, WorkOrder

MOVERS = ("70", "115")  # classes of the breaker and of the token gateway; a limit moves nothing
BREAKER = {"disconnect": 0, "reconnect": 1}
FLIPS = {"3.1.0.85": -1, "3.1.0.49": 1, "10.1.0.85": -1, "10.1.0.49": 1}
SHOWN = 10


def of(world: World) -> None:
    """Fill the course with what was counted and every violation."""
    course = world.course
    _count(world)
    for check in (
        _failed,
        _stored,
        _submitted,
        _executed,
        _balanced,
        _reachable,
        _collected,
        _left_once,
    ):
        found = list(check(world))
        course.violations += [f"{check.__name__.strip('_')}: {fault}" for fault in found[:SHOWN]]


def _count(world: World) -> None:
    counted = world.course.counted
    counted["orders"] = WorkOrder.objects.count()
    counted.update(Counter(WorkOrder.objects.values_list("state", flat=True)))
    counted["were unknown"] = OrderEvent.objects.filter(state="unknown").count()
    counted["waiting for a person"] = world.standing()["waiting"]
    ends = Counter(Visit.objects.values_list("outcome", flat=True))
    counted.update({f"visits {end or 'good'}": n for end, n in sorted(ends.items())})
    held = [world.field.holdings.meter(meter) for meter in world.meters]
    done = [_moves(what) for one in held for what in one.executions.values()]
    counted["changes carried out"] = sum(done)
    counted["executed twice"] = sum(times > 1 for times in done)


def _moves(done: Counts) -> int:
    """How often an order moved a breaker or a balance; what it did besides may be repeated."""
    return sum(times for what, times in done.items() if what.startswith(MOVERS))


def _failed(_: World) -> Iterator[str]:
    """Nothing here gives an order a reason to fail."""
    for order in WorkOrder.objects.filter(state="failed"):
        yield f"order {order.pk} ({order.kind}): {order.result_text}"


def _stored(_: World) -> Iterator[str]:
    """I1, I3, I4, I5: `hes verify`."""
    for one in invariants.broken():
        yield f"{one.invariant.name}, {one.broken} orders: {one.examples[:3]}"


def _submitted(world: World) -> Iterator[str]:
    """I1: every request is one order, however often it was sent."""
    known = Counter(WorkOrder.objects.values_list("outer_id", flat=True))
    wanted = {f"{world.course.name}-{number + 1}" for number in range(world.asked)}
    if known != Counter(wanted):
        yield f"{world.asked} requests, {known.total()} orders, {len(wanted - known.keys())} lost"


def _executed(world: World) -> Iterator[str]:
    """I2: nothing is carried out twice; what is reported is what took place."""
    orders = WorkOrder.objects.in_bulk()
    for meter in world.meters:
        held = world.field.holdings.meter(meter)
        for order, done in held.executions.items():
            if _moves(done) > 1 or int(order) not in orders:
                yield f"order {order} at {meter.serial}: {done}"
            elif _moves(done) and orders[int(order)].state in ("failed", "expired", "cancelled"):
                yield f"order {order} is {orders[int(order)].state} and was carried out"
        if set(held.charges.values()) - {1}:
            yield f"{meter.serial}: charged {held.charges}"


def _balanced(world: World) -> Iterator[str]:
    """I3: each balance is that of the credits done; the breaker stands as last ordered."""
    by_meter: dict[str, list[WorkOrder]] = {}
    query = WorkOrder.objects.filter(meter__isnull=False).order_by("id").select_related("meter")
    for order in query:
        by_meter.setdefault(order.meter.serial_number, []).append(order)
    for meter in world.meters:
        held = world.field.holdings.meter(meter)
        own = by_meter.get(meter.serial, [])
        yield from _of_credits(meter.serial, held, own)
        yield from _of_breaker(meter.serial, held, own)


def _of_credits(serial: str, held: MeterHolding, own: list[WorkOrder]) -> Iterator[str]:
    charges = [order for order in own if order.kind == "credit_charge"]
    for order in charges:
        if order.state == "done" and str(order.pk) not in held.executions:
            yield f"credit {order.pk} is done and {serial} knows nothing of it"
    told = sum(o.parameters["amount"] for o in charges if o.state == "done")
    unclear = sum(
        o.parameters["amount"]
        for o in charges
        if o.state == "unknown" and str(o.pk) in held.executions
    )
    if held.credit != told + unclear:
        yield f"{serial} has {held.credit} Wh, its orders say {told} and {unclear} unclear"


def _of_breaker(serial: str, held: MeterHolding, own: list[WorkOrder]) -> Iterator[str]:
    movers = [o for o in own if o.kind in BREAKER and o.state in ("done", "unknown")]
    if movers and movers[-1].state == "done" and held.control != BREAKER[movers[-1].kind]:
        yield f"the breaker of {serial} stands {held.control} after order {movers[-1].pk}"


def _reachable(world: World) -> Iterator[str]:
    """I9: only real misses count, each once; reachability flips beyond the maximum, and says so."""
    for row in ConcentratorStatus.objects.exclude(concentrator_id=world.deaf):
        if row.missed_contacts or not row.is_reachable:
            yield f"concentrator {row.concentrator_id} missed {row.missed_contacts}"
    for row in MeterStatistics.objects.all():
        if row.is_reachable != (row.missed_contacts <= MISSED_AT_MOST):
            yield f"meter {row.meter_id} missed {row.missed_contacts}: {row.is_reachable}"
        if row.missed_contacts and not world.losses:
            yield f"meter {row.meter_id} missed {row.missed_contacts}, the field lost nothing"
    yield from _of_the_deaf(world)
    yield from _flips()


def _of_the_deaf(world: World) -> Iterator[str]:
    """One that was abandoned, or that a lost session ended, may have noted its miss before."""
    row = ConcentratorStatus.objects.filter(concentrator_id=world.deaf).first()
    missed = row.missed_contacts if row else 0
    visits = Visit.objects.filter(concentrator_id=world.deaf)
    lost = Q(outcome="cancelled", error="database away")
    at_most = visits.filter(Q(outcome__in=["unreachable", "abandoned"]) | lost).count()
    world.course.counted["connections refused"] = at_most
    if missed > at_most:
        yield f"{missed} misses of the deaf concentrator by {at_most} visits"
    if row and row.is_reachable != (missed <= MISSED_AT_MOST):
        yield f"the deaf concentrator missed {missed} and is reachable: {row.is_reachable}"


def _flips() -> Iterator[str]:
    """Each device goes and comes by turns, one event each."""
    last: dict[tuple[str, str], int] = {}
    for line in fleets.lines("LPE"):
        concentrator, meter, _, code, *_ = line.split(";")
        if code in FLIPS:
            if last.get((concentrator, meter), 1) == FLIPS[code]:
                yield f"{concentrator} {meter}: {code} twice"
            last[concentrator, meter] = FLIPS[code]


def _collected(world: World) -> Iterator[str]:
    """I10: each collection that was asked for exists once and has ended well, the deaf apart."""
    asked = Slot.objects.filter(window_first__isnull=False).exclude(concentrator_id=world.deaf)
    found = Counter(asked.values_list("state", flat=True))
    world.course.counted["collections"] = found.total()
    if found != Counter(done=world.rounds * (len(world.ids) - 1)):
        yield f"{dict(found)} of {world.rounds} rounds of {len(world.ids) - 1} concentrators"


def _left_once(world: World) -> Iterator[str]:
    """D12: every sample of the window has left exactly once, however often it was collected."""
    left = sampled(fleets.lines("S"))
    wanted = measured(world.meters, *world.window) if world.rounds else Counter()
    world.course.counted["samples"] = left.total()
    if left != wanted:
        twice, lost = (left - wanted).total(), (wanted - left).total()
        yield f"{twice} samples too many, {lost} never left"
