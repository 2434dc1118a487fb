"""Whatever step a meter waits in, an order carries it on; once a day, and only by setting."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from devices import commissioning
from devices.models import Association, Concentrator, EndDeviceEvent, Meter, MeterStatistics
from devices.parameters import change
from tests.factories import fleets
from tests.factories.ordered import accepted, asked, fleet, meter, serial, submit, visit
from workorders import invariants, orders, recruiting, submission
from workorders.activities.orders.base import Result
from workorders.activities.orders.life import (
    Commissioned,
    Configured,
    Decommissioned,
    Follow,
    RecruitingBegun,
    RecruitingFailed,
)
from workorders.models import Lane, OrderEvent, WorkOrder

pytestmark = pytest.mark.django_db(transaction=True)
CONFIGURATIONS = ["meter_entry_configuration", "meter_technical_configuration"]


@pytest.fixture
def td():
    made = fleet()
    yield made
    assert invariants.broken() == []


def waits(step, state="installed", number=1):
    Meter.objects.filter(serial_number=serial(number)).update(state=state, process_state=step)


def stands(number=1):
    found = meter(number)
    return found.state, found.process_state


def made():
    """Kinds of the orders there are, oldest first."""
    return list(WorkOrder.objects.order_by("id").values_list("kind", flat=True))


def ended(td, order, *effects, is_good=True):
    """The order ends in a visit, with its effects."""
    claim = visit()
    taken = orders.take(claim)
    assert taken.order == order.pk
    orders.finish(taken, claim, Result(is_good, "", "OK", effects=effects))
    return claim


# --- the sweep ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "kinds"),
    [
        ("to_associate", []),
        ("to_commission", ["commissioning"]),
        ("recruiting", ["verify_commissioning"]),
        ("to_verify", ["verify_commissioning"]),
        ("to_configure", CONFIGURATIONS),
        ("", []),
    ],
)
def test_each_waiting_step_gets_its_orders_once(td, step, kinds):
    waits(step)
    assert recruiting.carry_on() == len(kinds)
    assert recruiting.carry_on() == 0
    assert sorted(made()) == kinds


def test_the_orders_are_made_by_rule_and_carry_what_the_inventory_says(td):
    Association.objects.update(row=9, phase=2)
    waits("to_commission")
    recruiting.carry_on()
    order = WorkOrder.objects.get()
    assert (order.source, order.requested_by, order.state) == ("rule", "rule", "queued")
    assert order.parameters == {"serial": serial(), "phase": 2, "row": 9}


def test_nothing_is_recruited_where_the_company_does_not_want_it_and_other_steps_go_on(td):
    change(td.company, "recruit_automatically", "false")
    waits("to_commission")
    waits("to_configure", "commissioned", number=2)
    recruiting.carry_on()
    assert sorted(made()) == CONFIGURATIONS


def test_what_has_failed_is_ordered_again_a_day_later(td):
    waits("to_commission")
    recruiting.carry_on()
    first = WorkOrder.objects.get()
    ended(td, first, is_good=False)
    assert recruiting.carry_on() == 0
    yesterday = timezone.now() - timedelta(days=1, minutes=1)
    key = first.idempotency_key[:-1] + "x"  # of the day before
    WorkOrder.objects.update(created_at=yesterday, idempotency_key=key)
    assert recruiting.carry_on() == 1


@pytest.mark.parametrize(
    "closed", [{"state": "removed"}, {"stop_activity": True}, {"host": ""}], ids=str
)
def test_meters_of_a_concentrator_that_is_not_visited_wait(td, closed):
    waits("to_commission")
    Concentrator.objects.update(**closed)
    assert recruiting.carry_on() == 0


def test_at_most_so_many_are_ordered_at_once(td, monkeypatch):
    monkeypatch.setattr(recruiting, "AT_ONCE", 2)
    for number in (1, 2, 3):
        waits("to_commission", number=number)
    assert [recruiting.carry_on() for _ in range(3)] == [2, 1, 0]


# --- effects --------------------------------------------------------------------------------------


def test_a_step_is_followed_by_the_next_in_the_same_transaction(td):
    waits("to_commission")
    order = submit(td, "commissioning", priority=7)
    ended(td, order, RecruitingBegun(), Follow("verify_commissioning", {"order": order.pk}))
    assert stands() == ("installed", "recruiting")
    follower = WorkOrder.objects.latest("pk")
    assert (follower.kind, follower.source, follower.priority) == (
        "verify_commissioning",
        "rule",
        7,
    )
    assert follower.parameters == {"order": order.pk, "pause": 900}
    assert OrderEvent.objects.filter(order_id=follower.pk, cause="accepted").exists()


def test_the_follower_is_taken_in_the_same_visit(td):
    waits("to_commission")
    order = submit(td, "commissioning")
    claim = ended(td, order, RecruitingBegun(), Follow("verify_commissioning"))
    assert orders.take(claim).kind == "verify_commissioning"


def test_a_follower_that_is_refused_leaves_the_step_done_and_is_logged(td, caplog):
    order = submit(td, "meter_dst", parameters={
        "begin": "2026-09-06T00:00:00-04:00", "end": "2027-04-04T00:00:00-03:00"})  # fmt: skip
    waits("", "installed")
    ended(td, order, Follow("reading"))
    order.refresh_from_db()
    assert order.state == "done"
    assert made() == ["meter_dst"]
    assert "is not followed by reading" in caplog.text


def test_a_recruitment_in_vain_opens_the_step_again(td):
    waits("recruiting")
    ended(td, submit(td, "verify_commissioning"), RecruitingFailed(), is_good=False)
    assert stands() == ("installed", "to_commission")


def test_commissioning_moves_both_states_and_leaves_its_line(td):
    waits("to_verify")
    ended(td, submit(td, "verify_commissioning"), Commissioned())
    assert stands() == ("commissioned", "to_configure")
    [line] = fleets.lines("LPE")
    assert "Meter Commissioned" in line


@pytest.mark.parametrize("first", [0, 1])
def test_the_way_ends_with_the_second_configuration_whichever_it_is(td, first):
    waits("to_configure", "commissioned")
    kinds = CONFIGURATIONS if first else CONFIGURATIONS[::-1]
    for kind, step in zip(kinds, ("to_configure", ""), strict=True):
        order = submit(td, kind)
        ended(td, order, Configured())
        orders_released()
        assert stands() == ("commissioned", step)


def orders_released():
    """The visit is over: its lane is free again."""
    Lane.objects.update(owner=None)


def test_a_configuration_that_failed_last_does_not_end_the_way(td):
    waits("to_configure", "commissioned")
    ended(td, submit(td, CONFIGURATIONS[0]), is_good=False)
    orders_released()
    ended(td, submit(td, CONFIGURATIONS[1]), Configured())
    assert stands() == ("commissioned", "to_configure")


def test_a_decommissioned_meter_is_under_no_concentrator(td):
    Association.objects.update(validity=fleets.ALWAYS)
    ended(td, submit(td, "decommissioning"), Decommissioned())
    assert stands() == ("decommissioned", "")
    assert not Association.objects.filter(meter=meter(), validity__upper_inf=True).exists()
    assert MeterStatistics.objects.filter(meter=meter(), concentrator_id=td.pk).count() == 0
    kinds = list(EndDeviceEvent.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["meter_decommissioned", "meter_disassociated"]


def test_only_what_is_commissioned_is_decommissioned(td):
    waits("to_commission")
    [answer] = submission.submit([asked(td, "decommissioning")])
    assert answer.rejected.code == "5.2"


def test_what_has_moved_on_meanwhile_stays_where_it_is(td):
    with connection.cursor() as cursor:
        assert not commissioning.go_to(cursor, meter().pk, "recruiting")
        assert not commissioning.take_into_service(cursor, meter().pk)
    assert stands() == ("commissioned", "")
    assert fleets.lines("LPE") == []


# --- what orders take over ------------------------------------------------------------------------


def test_an_entry_is_what_the_profiles_ask_for(td):
    order = submit(td, "meter_entry_configuration")
    assert order.parameters == {
        "serial": serial(), "phase": 0, "row": 0, "closure": 0b1111, "profile": 0b101,
        "period": 15, "flags": 8, "measurands": [[0x0D, 2, 15]],
    }  # fmt: skip


def test_what_is_given_goes_before_the_profiles_and_a_deletion_takes_nothing(td):
    order = submit(td, "meter_entry_configuration", parameters={"closure": 1, "flags": 0})
    assert (order.parameters["closure"], order.parameters["flags"]) == (1, 0)
    order = submit(td, "meter_entry_configuration", number=2, parameters={"delete": True})
    assert order.parameters == {"delete": True}


def test_a_meter_is_set_up_for_the_zone_of_its_concentrator(td):
    td.company.time_zone = "America/Santiago"
    td.company.save()
    setup = accepted(submission.submit([asked(td, "meter_technical_configuration")])[0]).parameters
    assert (setup["time_zone"], setup["period"]) == (240, 15)
    assert setup["begin"] < setup["end"]
    td.company.time_zone = "UTC"
    td.company.save()
    order = submit(td, "meter_technical_configuration", number=2)
    assert order.parameters == {"time_zone": 0, "period": 15}


def test_who_waits_is_found_by_an_index_among_many_that_do_not(td):
    model = meter().model_id
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO meter (company_id, serial_number, board_serial_number, mac_address,"
            " model_id, firmware, hardware, service_kind, state, process_state, breaker_state,"
            " error_instant_closure, tag, may_hold_public_keys, inserted_at, updated_at)"
            " SELECT %s, 'X' || n, '', decode(lpad(to_hex(n), 12, '0'), 'hex'), %s, '', '', '',"
            " 'commissioned', '', 100, false, '', false, now(), now()"
            " FROM generate_series(1, 20000) n",
            [td.company_id, model],
        )
        waits("to_commission")
        values = {"steps": ["to_commission"], "kinds": ["commissioning"], "limit": 500}
        with transaction.atomic():  # the application cannot ANALYZE: only what is possible is asked
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {recruiting._WAITING}", values | {"recruits": True})
            plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "meter_on_its_way" in plan
