"""Campaigns on PostgreSQL: drafts, approval, waves, stops; two sweeps order nothing twice."""

import threading
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from devices.models import Association, MeterInstallation
from devices.parameters import change
from hes.domain.errors import HesError
from tests.factories import fleets
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import DONE, FAILED, ago, fleet, serial, visit
from tests.factories.visits import quick_company, visitable
from workorders import campaigns, invariants, moves, orders, submission
from workorders.campaigns import Plan
from workorders.campaigns import sweep as campaign_sweep
from workorders.campaigns.rules import Act
from workorders.campaigns.targets import Choice
from workorders.models import (
    Campaign,
    CampaignTarget,
    CampaignWave,
    Lane,
    ProtectedPoint,
    WorkOrder,
)
from workorders.requests import Request
from workorders.states import Cause

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
EVERYBODY = Choice(of="company")
AUDITED = ("I11 call", "I11 list", "I11 decision")


@pytest.fixture
def td():
    return fleet(8)


@pytest.fixture(autouse=True)
def _nothing_is_broken_afterwards(transactional_db):
    yield
    assert [one for one in invariants.broken() if one.invariant.name in AUDITED] == []


def created(td, kind="reading", choice=EVERYBODY, **plan) -> int:
    """A draft of small waves."""
    usual = {"canary": 2, "wave": 4, "stop_permille": 250}
    made, _ = campaigns.create(
        td.company_id, Plan("night", kind, **{**usual, **plan}), choice, "ada"
    )
    return made


def started(td, kind="reading", **plan) -> int:
    made = created(td, kind, **plan)
    campaigns.act(made, Act.APPROVE, "bob")
    campaigns.act(made, Act.START, "ada")
    sweep()
    return made


def sweep() -> int:
    return campaign_sweep.sweep(datetime.now(UTC))


def campaign(*arguments) -> str:
    out = StringIO()
    call_command("campaign", *map(str, arguments), stdout=out)
    return out.getvalue()


def open_orders() -> list[int]:
    return list(WorkOrder.objects.filter(ended_at=None).order_by("pk").values_list("pk", flat=True))


def end(result, *numbers: int) -> None:
    """End orders as a visit would."""
    values, this = {"orders": list(numbers)}, "o.id = ANY(%(orders)s)"
    cause = Cause.ANSWERED if result.is_good else Cause.DENIED
    with transaction.atomic(), connection.cursor() as cursor:
        moves.move(cursor, Cause.CLAIMED, this, values, who="worker:1")
        moves.end(cursor, cause, this, values, result, who="worker:1")


def counts(made: int) -> list[tuple[int, ...]]:
    """(size, done, failed, left) of each wave."""
    found = CampaignWave.objects.filter(campaign_id=made).order_by("number")
    return list(found.values_list("size", "done", "failed", "left"))


def state(made: int) -> str:
    return Campaign.objects.values_list("state", flat=True).get(pk=made)


# --- life -----------------------------------------------------------------------------------------


def test_the_canary_goes_first_then_wave_by_wave_until_all_is_done(td):
    made = started(td)
    assert (state(made), len(open_orders()), sweep()) == ("running", 2, 0)
    for waiting in (2, 4, 2):
        found = open_orders()
        assert len(found) == waiting
        end(DONE, *found[1:])
        assert sweep() == 0
        end(DONE, found[0])
        sweep()
    assert counts(made) == [(2, 2, 0, 0), (4, 4, 0, 0), (2, 2, 0, 0)]
    assert state(made) == "done"
    assert Campaign.objects.get(pk=made).ended_at is not None
    assert WorkOrder.objects.values("meter").distinct().count() == 8


def test_nothing_is_ordered_before_another_person_has_approved(td):
    made = created(td)
    with pytest.raises(HesError, match="ada created campaign"):
        campaigns.act(made, Act.APPROVE, "ada")
    with pytest.raises(HesError, match="takes no start; it takes approve, stop"):
        campaigns.act(made, Act.START, "ada")
    campaigns.act(made, Act.APPROVE, "bob")
    assert (sweep(), state(made)) == (0, "approved")


def test_a_campaign_stops_at_its_error_share_and_cancels_what_waits(td):
    made = started(td, canary=4, wave=4)
    first, second, *others = open_orders()
    end(FAILED, first)
    sweep()
    assert state(made) == "running"
    end(FAILED, second)
    sweep()
    assert (state(made), open_orders()) == ("stopped", [])
    texts = set(WorkOrder.objects.filter(pk__in=others).values_list("result_text", flat=True))
    assert texts == {f"[6.5] campaign {made} was stopped: 2 of 4 in the canary group failed"}
    assert Campaign.objects.get(pk=made).ended_at is None
    sweep()
    assert counts(made)[0] == (4, 0, 2, 2)
    assert Campaign.objects.get(pk=made).ended_at is not None


def test_what_is_being_sent_when_a_campaign_stops_is_still_counted(td):
    made = started(td, "disconnect")
    claim = visit()
    taken = orders.take(claim)
    assert orders.begin_sending(taken, claim) is None
    campaigns.act(made, Act.STOP, "eve", "wrong street")
    sweep()
    assert open_orders() == [taken.order]
    assert Campaign.objects.get(pk=made).ended_at is None
    orders.finish(taken, claim, DONE)
    sweep()
    assert counts(made)[0] == (2, 1, 0, 1)
    assert Campaign.objects.get(pk=made).ended_at is not None


def test_a_paused_campaign_orders_nothing_new_and_goes_on_when_it_is_resumed(td):
    made = started(td)
    campaigns.act(made, Act.PAUSE, "eve", "storm")
    end(DONE, *open_orders())
    assert (sweep(), state(made), counts(made)[0]) == (0, "paused", (2, 2, 0, 0))
    campaigns.act(made, Act.RESUME, "eve")
    assert sweep() == 4


def test_a_device_out_of_reach_is_waited_for_and_counts_when_its_order_expires(td):
    made = started(td, canary=8)
    sweep()
    assert counts(made) == [(8, 0, 0, 0)]
    WorkOrder.objects.filter(pk=open_orders()[0]).update(expires_at=ago(minutes=1))
    orders.expire(datetime.now(UTC))
    sweep()
    assert counts(made) == [(8, 0, 1, 0)]
    assert state(made) == "running"


def test_a_silent_device_of_a_campaign_is_waited_for_longer_than_others(td):
    started(td)
    assert orders.take(visit()).is_of_campaign is True
    Lane.objects.update(owner=None)
    [answer] = submission.submit(
        [Request("reading", td.company_id, meter=serial(1), priority=9, requested_by="ada")]
    )
    taken = orders.take(visit())
    assert (taken.order, taken.is_of_campaign) == (answer.order_id, False)


def test_what_people_cancel_is_neither_done_nor_failed(td):
    made = started(td, stop_permille=0)
    submission.cancel(open_orders()[0], "eve")
    end(DONE, *open_orders())
    assert sweep() == 4
    assert counts(made)[0] == (2, 1, 0, 1)


def test_devices_that_get_no_order_count_as_failed_with_the_reason(td):
    made = started(td, parameters={}, choice=Choice(serials=[serial(1)]))
    assert counts(made) == [(1, 0, 0, 0)]
    Association.objects.all().delete()
    made = started(td, choice=Choice(serials=[serial(2)]), stop_permille=1000)
    assert counts(made) == [(1, 0, 1, 0)]
    assert "under no concentrator" in campaign("show", made)


def test_a_wave_waits_where_too_many_orders_wait_already(td):
    change(td.company, "order_max_pending", "1")
    made = started(td)
    assert (state(made), open_orders(), counts(made)[0]) == ("running", [], (2, 0, 0, 0))
    change(td.company, "order_max_pending", "100")
    assert sweep() == 2


# --- safety ---------------------------------------------------------------------------------------


def test_two_sweeps_at_once_make_no_order_twice(td):
    made = created(td, canary=8)
    campaigns.act(made, Act.APPROVE, "bob")
    campaigns.act(made, Act.START, "ada")
    found, barrier = [], threading.Barrier(4)

    def run():
        barrier.wait()
        found.append(sweep())
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(found), len(open_orders())) == ([0, 0, 0, 8], 8)
    keys = set(WorkOrder.objects.values_list("idempotency_key", flat=True))
    targets = CampaignTarget.objects.values_list("pk", flat=True)
    assert keys == {f"{td.company_id}:rule::campaign:{made}:{target}" for target in targets}


def test_an_approved_campaign_is_not_held_item_by_item_but_its_caps_hold(td):
    for name in ("order_mass_limit", "cap_user_hour"):
        change(td.company, name, "1")
    started(td, "disconnect", canary=8)
    assert set(WorkOrder.objects.values_list("state", flat=True)) == {"queued"}
    claim = visit()
    assert orders.begin_sending(orders.take(claim), claim) is None
    stop = orders.begin_sending(orders.take(claim), claim)
    assert stop.text.startswith("cap of 1 (user per hour)")


def test_protected_pods_are_left_out_of_guarded_campaigns(td):
    point = MeterInstallation.objects.get(meter__serial_number=serial(1)).usage_point
    ProtectedPoint.objects.create(usage_point=point, reason="hospital")
    created(td, "disconnect")
    created(td, "reading")
    meters = CampaignTarget.objects.filter(campaign__kind="disconnect").values_list(
        "meter__serial_number", flat=True
    )
    assert serial(1) not in meters
    assert (len(meters), CampaignTarget.objects.count()) == (7, 15)


# --- whom for -------------------------------------------------------------------------------------


def test_devices_are_chosen_by_file_model_and_concentrator(td):
    other = visitable(td.company, 2, meters=3)
    chosen = {
        8: Choice(of=td.serial_number),
        3: Choice(of=other.serial_number),
        11: Choice(model="M-mono"),
        2: Choice(serials=[serial(1), serial(101)]),
        1: Choice(serials=[serial(1), serial(101)], of=other.serial_number),
    }
    for count, choice in chosen.items():
        made = created(td, choice=choice)
        assert CampaignTarget.objects.filter(campaign_id=made).count() == count
    made = created(td, "wake_up", choice=EVERYBODY)
    assert CampaignTarget.objects.filter(campaign_id=made, concentrator__isnull=False).count() == 2


@pytest.mark.parametrize(
    ("plan", "choice", "text"),
    [
        ({"kind": "reeding"}, EVERYBODY, "no order is called 'reeding'"),
        ({"canary": 0}, EVERYBODY, "canary 0: give 1 to 2000"),
        ({"stop_permille": 1001}, EVERYBODY, "give 0 to 1000"),
        ({"parameters": {"bad": 1}}, EVERYBODY, "bad is no parameter"),
        ({}, Choice(), "say for whom"),
        ({}, Choice(model="CERM9"), "no device fits"),
        ({}, Choice(serials=[serial(1), "X1", "X2"]), "no meter X1, X2 - nothing was stored"),
        ({"kind": "wake_up"}, Choice(model="CERM1"), "they have no meter model"),
    ],
)
def test_a_campaign_that_makes_no_sense_is_refused_whole(td, plan, choice, text):
    with pytest.raises(HesError, match=text):
        created(td, choice=choice, **plan)
    assert not Campaign.objects.exists()


def test_a_company_orders_nothing_of_anothers_devices(td):
    stranger = fleets.company(code="other")
    plan = Plan("night", "reading")
    for choice in (EVERYBODY, Choice(serials=[serial(1)]), Choice(of=td.serial_number)):
        with pytest.raises(HesError, match=r"no device fits|has no meter"):
            campaigns.create(stranger.pk, plan, choice, "ada")


def test_ten_times_the_devices_take_no_statement_more():
    owner, taken = quick_company(), []
    for number, meters in ((1, 6), (2, 60)):
        other = visitable(owner, number, meters=meters)
        choice = Choice(of=other.serial_number)
        with CaptureQueriesContext(connection) as found:
            made = created(other, choice=choice, canary=meters, wave=meters)
            campaigns.act(made, Act.APPROVE, "bob")
            campaigns.act(made, Act.START, "ada")
            assert sweep() == meters
        end(DONE, *open_orders())
        sweep()
        taken.append(len(found))
    assert taken[1] == taken[0]


# --- the command ----------------------------------------------------------------------------------


def test_the_command_takes_a_campaign_from_its_file_to_its_end(td, tmp_path):
    file = tmp_path / "meters.csv"
    file.write_text("meter;note\n" + "".join(f"{serial(n)};x\n" for n in (1, 2, 2, 3)))
    told = campaign("create", "reading", "--file", file, "--canary", 1, "--wave", 2,
                    "--stop-at", "5%", "--as", "ada", "--name", "night")  # fmt: skip
    assert "for 3 devices waits for approval" in told
    made = Campaign.objects.get()
    assert (made.stop_permille, made.priority) == (50, 2)
    for act, who in (("approve", "bob"), ("start", "ada")):
        campaign(act, made.pk, "--as", who)
    sweep()
    end(DONE, *open_orders())
    sweep()
    shown = campaign("show", made.pk)
    for line in (
        "canary        1        1     1       0     0     0",
        "2  queued",
        "wave 1: 2 ordered",
    ):
        assert line in shown
    assert "stop" in campaign("stop", made.pk, "--as", "eve", "--reason", "enough")
    sweep()
    assert "night" in campaign("list")
    with pytest.raises(CommandError, match="takes no resume"):
        campaign("resume", made.pk, "--as", "eve")


@pytest.mark.parametrize(
    ("content", "text"), [("serial\nX\n", "no column meter"), (None, "No such file")]
)
def test_a_file_without_its_column_is_refused(td, tmp_path, content, text):
    file = tmp_path / "meters.csv"
    if content:
        file.write_text(content)
    with pytest.raises(CommandError, match=text):
        campaign("create", "reading", "--file", file, "--as", "ada")
    with pytest.raises(CommandError, match="there is no campaign 77"):
        campaign("show", 77)
