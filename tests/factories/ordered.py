"""Orders of a small fleet, and the visits that carry them out."""

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from devices.models import Concentrator, Meter
from tests.factories.visits import quick_company, visitable
from workorders import lanes, lease, orders, submission
from workorders.activities.orders.base import Result
from workorders.backoff import Verdict
from workorders.models import Lane, OrderEvent, Worker, WorkOrder
from workorders.requests import Request, Submitted

DONE = Result(True, "ok", "OK")
FAILED = Result(False, "ko", "no")


def fleet(meters: int = 3) -> Concentrator:
    return visitable(quick_company(), 1, meters=meters)


def serial(number: int = 1) -> str:
    return f"UAAEEDN{100 + number:011d}"


def asked(td: Concentrator, kind: str = "reading", number: int = 1, **options) -> Request:
    defaults = {"meter": serial(number), "requested_by": "ana"}
    return Request(kind=kind, company_id=td.company_id, **{**defaults, **options})


def submit(td: Concentrator, kind: str = "reading", number: int = 1, **options) -> WorkOrder:
    """One accepted order."""
    [answer] = submission.submit([asked(td, kind, number, **options)])
    return accepted(answer)


def accepted(answer: Submitted) -> WorkOrder:
    assert answer.rejected is None, str(answer.rejected)
    return WorkOrder.objects.get(pk=answer.order_id)


def visit(*, seconds: float = 30.0, worker: int | None = None):
    """The claim of the most urgent lane by a worker of its own."""
    worker = worker or lease.register(seconds).worker
    with transaction.atomic(), connection.cursor() as cursor:
        [claim] = lanes.claim(cursor, worker, 1, orders_only=False)
    return claim


def leave(claim, pause: float = 0.0):
    with transaction.atomic(), connection.cursor() as cursor:
        lanes.fence(claim)(cursor)
        lanes.release(cursor, claim, Verdict(0, pause, retry=True))


def begun(td: Concentrator, kind: str = "disconnect", **options):
    """(order, taken, claim) with SENDING committed."""
    order = submit(td, kind, **options)
    claim = visit()
    taken = orders.take(claim)
    assert orders.begin_sending(taken, claim) is None
    return order, taken, claim


def state(order) -> str:
    pk = getattr(order, "pk", order)
    return WorkOrder.objects.values_list("state", flat=True).get(pk=pk)


def code(order) -> str:
    return WorkOrder.objects.values_list("result_code", flat=True).get(pk=order.pk)


def history(order) -> list[str]:
    events = OrderEvent.objects.filter(order_id=order.pk).order_by("at", "id")
    return [event.cause for event in events]


def ago(**span) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def meter(number: int = 1) -> Meter:
    return Meter.objects.get(serial_number=serial(number))


def ready(order) -> None:
    """As if its pause were over."""
    WorkOrder.objects.filter(pk=order.pk).update(not_before=None)
    Lane.objects.update(next_due=ago(seconds=1))


def kill_workers() -> None:
    Worker.objects.update(lease_until=ago(seconds=1))
    lanes.free_dead()


def read_back(order):
    """(taken, claim) of the next visit, which reads an UNKNOWN order."""
    ready(order)
    claim = visit()
    taken = orders.take(claim)
    assert taken.is_unknown
    return taken, claim


def unknown(td, kind="disconnect", **options):
    order, taken, claim = begun(td, kind, **options)
    orders.lost(taken, claim, "time-out")
    leave(claim)
    return order
