"""What listeners keep leaves when it is old, was read by all who need it, and is over."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.db.models.functions import Now

from devices import retirement
from devices.models import AuditRow
from devices.partition_drops import Partition, Step, detach, partitions_of
from devices.partitions import ensure
from devices.retirement import Verdict
from hes import maintenance
from integration.models import ExportAct
from listeners import counts, meaning, retention, silence
from listeners.models import (
    Finding,
    Interruption,
    ListenerCount,
    ListenerCursor,
    ListenerRun,
    Outage,
    OutageCheck,
    OutageDay,
    OutageStep,
    PowerChange,
    Storm,
)
from tests.database import as_owner
from tests.factories import networks
from tests.factories.networks import World

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = datetime.now(UTC).date()
PLACE = {"host": "alpha", "ports": "127.0.0.1: 58692, 58693"}


@pytest.fixture(autouse=True)
def _ages(settings, monkeypatch) -> None:
    monkeypatch.setattr(silence, "GONE_AFTER", 2.0)  # the cluster of the tests has run for longer
    settings.DATAGRAM_DAYS = 20
    settings.MESSAGE_MONTHS, settings.SUSPECT_MONTHS = 3, 2
    settings.POWER_CHANGE_MONTHS = settings.OUTAGE_MONTHS = 2


@pytest.fixture(autouse=True)
def _no_old_partition_stays() -> Iterator[None]:
    yield
    with as_owner(), connection.cursor() as cursor:
        for table in ("datagram", "power_change", "spontaneous_message", "suspect_message"):
            for one in partitions_of(table):
                if one.ends < TODAY - timedelta(days=3):
                    cursor.execute(f"DROP TABLE {one.name}")


def _maintain(**options: bool) -> dict[str, Verdict]:
    with as_owner():
        return {verdict.name: verdict for verdict in maintenance.retire(**options)}


def _month(ago: int) -> date:
    number = TODAY.year * 12 + TODAY.month - 1 - ago
    return date(number // 12, number % 12 + 1, 1)


def _datagrams(day: date, count: int) -> str:
    ensure("datagram", day, day)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO datagram (day, received_at, source, source_port, port, size, raw)"
            " SELECT %s, %s, '127.0.0.1', 1, 2, 1, 'x' FROM generate_series(1, %s)",
            [day, datetime.combine(day, time(12), UTC), count],
        )
    return f"datagram_{day:%Y%m%d}"


# --- raw datagrams --------------------------------------------------------------------------------


@pytest.fixture
def old_day() -> date:
    return TODAY - timedelta(days=21)


def test_raw_datagrams_go_after_the_days_they_are_kept_and_the_deed_stays(old_day):
    young = _datagrams(old_day + timedelta(days=1), 1)
    old = _datagrams(old_day, 3)
    assert meaning.understand().total == 4
    found = _maintain()
    assert str(found[old]) == f"{old}  dropped: kept for 20 days"
    assert young not in found
    assert ExportAct.objects.get(subject=old).act == "partition dropped"


def test_a_day_that_meaning_has_not_read_is_kept_whatever_its_age(old_day):
    old = _datagrams(old_day, 3)
    assert _maintain()[old].why == "meaning has 3 rows of it left"
    meaning.understand(2)
    assert _maintain()[old].why == "meaning has 1 rows of it left"
    meaning.understand()
    assert _maintain()[old].is_dropped


def test_of_many_unread_rows_a_bounded_number_is_counted(old_day, monkeypatch):
    monkeypatch.setattr(retention, "COUNTED", 3)
    old = _datagrams(old_day, 9)
    assert _maintain()[old].why == "meaning has 3 rows or more of it left"


def test_what_came_late_into_a_day_that_was_read_keeps_it(old_day):
    old = _datagrams(old_day, 2)
    meaning.understand()
    _datagrams(old_day, 1)
    assert _maintain()[old].why == "meaning has 1 rows of it left"


def test_what_came_between_the_look_and_the_detaching_puts_the_day_back(old_day, monkeypatch):
    old = _datagrams(old_day, 2)
    meaning.understand()

    def detach_late(partition: Partition) -> None:
        if partition.name == old:
            _datagrams(old_day, 1)
        detach(partition)

    monkeypatch.setattr(retirement, "detach", detach_late)
    assert _maintain()[old].why == "meaning has 1 rows of it left"
    monkeypatch.undo()
    assert meaning.understand().total == 1
    assert {one.name: one.step for one in partitions_of("datagram")}[old] is Step.ATTACHED


def test_a_detached_day_that_was_not_read_is_put_back(old_day):
    old = _datagrams(old_day, 2)
    with as_owner():
        detach(next(one for one in partitions_of("datagram") if one.name == old))
    assert meaning.understand().total == 0
    assert _maintain()[old].why == "meaning has 2 rows of it left"
    assert meaning.understand().total == 2
    assert _maintain()[old].is_dropped


def test_a_place_of_another_cluster_says_nothing_and_keeps_all(old_day):
    old = _datagrams(old_day, 1)
    meaning.understand()
    ListenerCursor.objects.update(system_identifier=1)
    assert "another PostgreSQL cluster" in _maintain()[old].why


def _run(**facts: object) -> ListenerRun:
    return ListenerRun.objects.create(uid=uuid4(), **PLACE | facts)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


@pytest.mark.parametrize(
    "facts",
    [{}, {"ended_at": Now()}, {"seen_at": Now() - timedelta(days=21)}],
    ids=["living", "stopped", "killed"],
)
def test_a_day_of_which_a_listener_holds_some_on_its_disk_is_kept(old_day, facts):
    old = _datagrams(old_day, 0)
    _run(spooled=9, waiting_since=_noon(old_day), **facts)
    day = old_day.isoformat()
    assert _maintain()[old].why == f"alpha 127.0.0.1: 58692, 58693 holds datagrams since {day}"


def test_the_next_start_at_the_same_place_speaks_for_what_is_on_its_disk(old_day):
    old = _datagrams(old_day, 0)
    _run(spooled=9, waiting_since=_noon(old_day), started_at=Now() - timedelta(days=22))
    _run(spooled=0)
    assert _maintain()[old].is_dropped


def test_what_waits_since_a_later_day_keeps_no_earlier_one(old_day):
    old = _datagrams(old_day, 0)
    _run(spooled=9, waiting_since=_noon(old_day + timedelta(days=1)))
    assert _maintain()[old].is_dropped


def test_what_a_lost_host_held_is_given_up_by_a_person_and_written_down(old_day, capsys):
    old = _datagrams(old_day, 0)
    _run(spooled=9, waiting_since=_noon(old_day), seen_at=Now() - timedelta(days=21))
    call_command("listeners", "forget", "alpha")
    assert "9 datagrams lie on its disk" in capsys.readouterr().out
    row = AuditRow.objects.get(act="listener.forget")
    assert (row.target, "9 datagrams" in row.text) == ("alpha", True)
    assert _maintain()[old].is_dropped


def test_a_listener_that_is_there_cannot_be_forgotten():
    _run()
    with pytest.raises(CommandError, match="no listener of 'alpha' is gone"):
        call_command("listeners", "forget", "alpha")


def test_old_counts_by_minute_become_one_a_day_and_their_sums_stay(old_day):
    for verdict, reason in (("stored", ""), ("suspect", "unknown serial")):
        for day in (old_day, old_day - timedelta(days=1), TODAY):
            for minute in (0, 1, 700):
                at = datetime.combine(day, time(), UTC) + timedelta(minutes=minute)
                _count(at, verdict, reason, 10)
    before = (counts.totals(), counts.by_reason())
    why = _maintain()["listener_count"].why
    assert why == f"8 rows, counts by minute before {TODAY - timedelta(days=20)}"
    assert (counts.totals(), counts.by_reason()) == before
    _count(datetime.combine(old_day, time(3), UTC), "stored", "", 5)  # a spool that came late
    _maintain()
    rows = ListenerCount.objects.filter(verdict="stored").order_by("minute")
    assert list(rows.values_list("count", flat=True)) == [30, 35, 10, 10, 10]


def _count(minute: datetime, verdict: str, reason: str, count: int) -> None:
    ListenerCount.objects.create(minute=minute, verdict=verdict, reason=reason, count=count)


# --- months ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "months"), [("spontaneous_message", 3), ("suspect_message", 2), ("power_change", 2)]
)
def test_a_month_goes_when_all_of_it_is_older_than_the_setting(table, months):
    ensure(table, _month(months + 1), _month(months))
    found = _maintain()
    why = found[f"{table}_{_month(months + 1):%Y%m}"]
    assert (why.is_dropped, why.why) == (True, f"kept for {months} months")
    assert f"{table}_{_month(months):%Y%m}" not in found


def _old_changes(count: int) -> str:
    ensure("power_change", _month(3), _month(3))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO power_change (recorded_at, company_id, meter_id, is_dark, at, source)"
            " SELECT %(at)s, 1, n, true, %(at)s, 'gasp' FROM generate_series(1, %(count)s) AS n",
            {"at": _noon(_month(3)), "count": count},
        )
    return f"power_change_{_month(3):%Y%m}"


def test_changes_of_power_that_the_outages_have_not_read_are_kept():
    world = networks.world()
    name = _old_changes(4)
    assert _maintain()[name].why == "outages has 4 rows of it left"
    world.look(0)
    assert _maintain()[name].is_dropped
    assert not PowerChange.objects.exists()


def test_a_run_killed_between_detaching_and_dropping_is_finished_by_the_next():
    ensure("suspect_message", _month(4), _month(4))
    name = f"suspect_message_{_month(4):%Y%m}"
    with as_owner():
        detach(next(one for one in partitions_of("suspect_message") if one.name == name))
    assert _maintain()[name].is_dropped
    assert name not in _maintain()


def test_a_dry_run_tells_and_drops_nothing(old_day):
    old = _datagrams(old_day, 0)
    assert _maintain(dry_run=True)[old].why == "a dry run, else dropped: kept for 20 days"
    assert old in {one.name for one in partitions_of("datagram")}


def test_the_application_may_drop_no_month():
    ensure("power_change", _month(4), _month(4))
    oldest = partitions_of("power_change")[0]
    with pytest.raises(ProgrammingError, match="must be owner"):
        detach(oldest)


# --- outages --------------------------------------------------------------------------------------


@pytest.fixture
def world() -> World:
    made = networks.world()
    made.site(made.substation(), meters=4)
    return made


def _ended(world: World) -> Outage:
    """An outage of four customers, and a momentary of one of them, both over."""
    world.off([world.sites[0].concentrator], 0)
    world.look(60)
    world.on([world.sites[0].concentrator], 600)
    world.off(world.sites[0].meters[:1], 700)
    world.on(world.sites[0].meters[:1], 710)
    world.look(800)
    return Outage.objects.get()


def _age(months: int) -> None:
    """All that has happened was so much earlier."""
    past = timedelta(days=31 * months + 31)
    for model, columns in (
        (Outage, ("since", "until", "opened_at", "closed_at")),
        (Interruption, ("began_at", "ended_at")),
        (OutageCheck, ("asked_at",)),
        (Storm, ("since", "until")),
    ):
        for row in model.objects.all():
            moved = {name: at - past for name in columns if (at := getattr(row, name))}
            model.objects.filter(pk=row.pk).update(**moved)


def _counts() -> tuple[int, ...]:
    models = (Outage, OutageStep, OutageCheck, Interruption, Storm)
    return tuple(model.objects.count() for model in models)


def _check(world: World, outage: Outage | None, finding: str) -> None:
    OutageCheck.objects.create(
        company=world.owner, level="transformer", node_id=1, outage_id=outage and outage.pk,
        meter_id=1, round=1, asked_at=world.begin, finding=finding,
    )  # fmt: skip


def test_an_outage_goes_with_all_that_hangs_on_it_and_its_figures_stay(world):
    outage = _ended(world)
    _check(world, outage, Finding.SILENT)
    _check(world, None, Finding.SILENT)
    Storm.objects.create(company=world.owner, since=world.begin, until=world.at(60))
    assert _counts() == (1, 2, 2, 6, 1)
    assert OutageDay.objects.exists()
    _age(months=3)
    found = _maintain()
    before = _month(2).isoformat()
    assert str(found["interruption"]) == (
        f"interruption  dropped: 6 rows, of outages that were over before {before}"
    )
    assert found["outage"].why == f"1 rows, over before {before}"
    act = ExportAct.objects.get(subject="interruption")
    assert (act.act, act.detail) == ("rows deleted", {"rows": 6, "before": before})
    assert _counts() == (0, 0, 0, 0, 0)
    assert OutageDay.objects.exists()


def test_what_was_over_within_the_months_stays_and_nothing_is_said(world):
    _ended(world)
    before = _counts()
    assert "outage" not in _maintain()
    assert _counts() == before


def _still_open(world: World) -> None:
    world.off([world.sites[0].concentrator], 0)
    world.look(60)
    world.on(world.sites[0].meters[:2], 600, networks.PowerSource.ANSWER)
    world.look(610)
    assert networks.told() == [("transformer", "TR-1", "open", 4, 2)]


def _waits_for_the_rules(world: World) -> None:
    world.off(world.sites[0].meters[:1], 0)
    world.look(10)


def _part_of_an_open_one(world: World) -> None:
    world.off(world.sites[0].meters[:1], 0)
    world.look(130)
    world.off(world.sites[0].meters[1:], 200)
    world.look(270)
    assert networks.told()[0][2] == "merged"


@pytest.mark.parametrize(
    "happens", [_still_open, _waits_for_the_rules, _part_of_an_open_one], ids=lambda f: f.__name__
)
def test_what_is_open_or_waits_stays_whole_whatever_its_age(
    world: World, happens: Callable[[World], None]
):
    happens(world)
    _check(world, None, "")  # an order that has not ended
    Storm.objects.create(company=world.owner, since=world.begin)
    _age(months=30)
    before = _counts()
    _maintain()
    assert _counts() == before


def test_many_rows_go_in_slices_and_what_is_too_much_is_left_to_the_next_run(world, monkeypatch):
    _ended(world)
    _age(months=3)
    monkeypatch.setattr(retirement, "SLICE", 2)
    monkeypatch.setattr(retirement, "SLICES", 2)
    assert _maintain()["interruption"].why.startswith("4 rows")
    assert Outage.objects.count() == 1
    found = _maintain()
    assert found["interruption"].why.startswith("2 rows")
    assert found["outage"].is_dropped


def test_a_dry_run_tells_how_many_rows_and_deletes_none(world):
    _ended(world)
    _age(months=3)
    before = _counts()
    assert _maintain(dry_run=True)["interruption"].why.startswith("a dry run, else dropped: 6 rows")
    assert _counts() == before


def test_rows_that_somebody_holds_are_left_to_the_next_run(world, monkeypatch):
    _ended(world)
    _age(months=3)
    monkeypatch.setattr("devices.partition_drops.LOCK_TIMEOUT", "200ms")
    with transaction.atomic():
        Interruption.objects.select_for_update().first()
        verdict = _in_another_session()["interruption"]
    assert "tried again next time" in verdict.why
    assert Interruption.objects.count() == 6


def _in_another_session() -> dict[str, Verdict]:
    found: dict[str, Verdict] = {}
    thread = threading.Thread(target=lambda: found.update(_maintain()))
    thread.start()
    thread.join()
    return found
