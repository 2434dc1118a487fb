"""What the benchmark of orders submits, queues and takes, once around with few orders."""

import pytest

from benchmarks import orders
from devices.models import Meter
from tests.factories import ordered
from workorders.models import OrderEvent, WorkOrder
from workorders.states import OrderState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def td():
    return ordered.fleet(meters=3)


def test_every_meter_is_asked_for_a_reading_once(td):
    requests = orders.asked(td.company, 3)
    orders.submit_all(requests)
    assert WorkOrder.objects.filter(kind="reading", state=OrderState.QUEUED).count() == 3
    assert {request.meter for request in requests} == set(
        Meter.objects.values_list("serial_number", flat=True)
    )


def test_a_refused_order_ends_the_benchmark(td):
    [request] = orders.asked(td.company, 1)
    Meter.objects.update(state="removed")
    with pytest.raises(AssertionError, match=r"5\.2"):
        orders.submit_all([request])


def test_the_plain_rows_are_those_that_were_submitted(td):
    orders.submit_all(orders.asked(td.company, 3))
    before = list(WorkOrder.objects.order_by("pk").values())
    assert orders.inserted_plainly(clear=lambda: WorkOrder.objects.all().delete()) > 0
    assert list(WorkOrder.objects.order_by("pk").values()) == before


def test_a_queue_is_filled_for_lanes_and_their_meters_and_taken_from_without_a_trace(td):
    orders.fill(td.company, [td.pk], 30)
    [claim] = orders.own([td.pk])
    for _ in range(2):
        orders.take_each([claim])
    assert WorkOrder.objects.filter(state=OrderState.QUEUED).count() == 30
    assert set(WorkOrder.objects.values_list("priority", flat=True)) == set(range(10))
    assert WorkOrder.objects.values("meter").distinct().count() == 3
    assert not OrderEvent.objects.exists()
