"""The freeze switch, breakers without contact and reports of the field app, over REST."""

import time
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices.models import MeterInstallation
from tests.factories import fleets
from tests.factories.callers import superuser
from tests.factories.ordered import begun, leave, meter, serial, state, submit
from workorders import freeze, orders
from workorders.activities.orders.base import Result
from workorders.models import Freeze, WorkOrder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


# --- freezes --------------------------------------------------------------------------------------


def test_a_company_is_frozen_by_one_person_and_thawed_by_another(td, ana, bob):
    assert ana.get("freezes/") == (200, {"is_frozen": False, "freezes": []})
    status, said = ana.post("freezes/on/", {"reason": "odd rate"})
    assert (status, said["is_frozen"]) == (200, True)
    assert said["freezes"][0] | {"begun_at": None} == {
        **{"company": "demo", "begun_at": None, "begun_by": "ana", "reason": "odd rate"},
        **{"ended_at": None, "ended_by": ""},
    }
    status, said = ana.post("freezes/off/", {"reason": "explained"})
    assert (status, said["code"]) == (422, "7.5")
    status, said = bob.post("freezes/off/", {"reason": "explained"})
    assert (status, said["is_frozen"]) == (200, False)
    assert bob.post("freezes/off/", {"reason": "again"})[1]["code"] == "5.2"


def test_a_freeze_of_all_is_seen_by_each_and_ended_by_none_of_them(td, ana):
    freeze.on(None, "root", "storm")
    said = ana.get("freezes/")[1]
    assert (said["is_frozen"], said["freezes"][0]["company"]) == (True, None)
    assert ana.post("freezes/off/", {"reason": "x"})[0] == 422
    assert Freeze.objects.filter(ended_at=None).count() == 1


def test_another_companys_freeze_is_neither_seen_nor_ended(td, ana, eve):
    ana.post("freezes/on/", {"reason": "odd rate"})
    assert eve.get("freezes/") == (200, {"is_frozen": False, "freezes": []})
    assert eve.post("freezes/off/", {"reason": "x"})[0] == 422
    assert ana.get("freezes/")[1]["is_frozen"]


def test_an_open_freeze_is_told_however_many_have_ended(td, ana, bob):
    ana.post("freezes/on/", {"reason": "first and last"})
    moment = datetime.now(UTC)
    Freeze.objects.bulk_create(
        Freeze(company=td.company, begun_by="x", reason="old", ended_at=moment) for _ in range(25)
    )
    said = ana.get("freezes/")[1]
    assert (said["is_frozen"], said["freezes"][0]["reason"]) == (True, "first and last")


# --- breakers -------------------------------------------------------------------------------------


def test_breakers_are_told_by_serial_and_pod_in_the_order_asked(td, ana):
    for kind, number, percent in (("disconnect", 1, 0), ("reduce", 2, 40)):
        _, taken, claim = begun(td, kind, number=number)
        orders.finish(taken, claim, Result(True, "ok", "OK", breaker=percent))
        leave(claim)
    asked = {"meters": [serial(2), "NOBODY"], "pods": ["POD101", "POD103", "NOWHERE"]}
    status, said = ana.post("breaker-states/", asked)
    reduced, nobody, cut, untold, nowhere = said["breakers"]
    assert status == 200
    assert (reduced["percent"], reduced["state"], reduced["pod"]) == (40, "Reduced 40 %", "POD102")
    assert reduced["known_at"] is not None
    assert (cut["meter"], cut["percent"], cut["state"]) == (serial(1), 0, "Not connected")
    assert (untold["state"], untold["known_at"]) == ("Connected", None)
    assert (nobody["code"], nowhere["code"]) == ("2.4", "2.12")


def test_a_pod_without_a_meter_says_so(td, ana):
    MeterInstallation.objects.all().delete()
    [said] = ana.post("breaker-states/", {"pods": ["POD101"]})[1]["breakers"]
    assert said == {"code": "2.12", "text": "no meter is installed at POD POD101"}


def test_another_companys_breakers_are_not_told(td, eve):
    asked = {"meters": [serial(1)], "pods": ["POD101"]}
    said = eve.post("breaker-states/", asked)[1]["breakers"]
    assert [one["code"] for one in said] == ["2.4", "2.12"]


def test_ten_thousand_breakers_are_one_query(td, ana):
    asked = {"meters": [serial(1 + number % 12) for number in range(10_000)]}
    began = time.monotonic()
    with CaptureQueriesContext(connection) as queries:
        status, said = ana.post("breaker-states/", asked)
    print(f"10,000 breakers in {time.monotonic() - began:.2f} s")
    assert (status, len(said["breakers"])) == (200, 10_000)
    assert sum("breaker_state" in query["sql"] for query in queries) == 1
    assert ana.post("breaker-states/", {"meters": [serial()] * 10_001})[0] == 400
    assert ana.post("breaker-states/", {})[0] == 400


# --- local results --------------------------------------------------------------------------------


def report(**options):
    return {
        "executed_by": "zoe",
        "executed_at": datetime.now(UTC).isoformat(),
        "is_done": True,
        **options,
    }


def test_reports_of_the_field_app_are_stored_once_each(td, ana):
    queued = submit(td, "reconnect", number=2)
    results = [
        report(outer_id="a", kind="disconnect", meter=serial(1)),
        report(order=queued.pk),
        report(outer_id="c", kind="disconnect", meter="NOBODY"),
    ]
    for repeats in (False, True):
        status, said = ana.post("local-results/", {"results": results})
        first, second, third = said["items"]
        assert (status, third["code"]) == (207, "2.4")
        assert (first["state"], first["is_repeat"]) == ("done", repeats)
        assert (second["order"], second["is_repeat"]) == (queued.pk, repeats)
    made = WorkOrder.objects.get(pk=first["order"])
    assert (made.source, made.requested_by, made.executed_by) == ("local", "ana", "zoe")
    assert meter(1).breaker_state == 0
    assert len(fleets.lines("HPE")) == 2


def test_another_companys_order_cannot_be_reported(td, eve):
    order = submit(td, "reconnect")
    status, said = eve.post("local-results/", {"results": [report(order=order.pk)]})
    assert (status, said["items"][0]["code"]) == (422, "2.15")
    assert state(order) == "queued"


def test_a_superuser_names_the_company(td):
    client = superuser()
    assert client.get("/api/v1/freezes/").json()["code"] == "7.5"
    assert client.get("/api/v1/freezes/?company=demo").status_code == 200
