"""What listeners keep leaves when it is old, was read by all who need it, and is over."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection
from django.db.models.functions import Now

from devices import retirement
from devices.models import AuditRow
from devices.partition_drops import Partition, Step, detach, partitions_of
from devices.partitions import ensure
from integration.models import ExportAct
from listeners import counts, meaning, retention, silence
from listeners.models import (
    ListenerCount,
    ListenerCursor,
    ListenerRun,
    PowerChange,
)
from tests.database import as_owner
from tests.factories import networks
from tests.factories.maintained import TODAY, maintain, month

pytestmark = pytest.mark.django_db(transaction=True)
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
    found = maintain()
    assert str(found[old]) == f"{old}  dropped: kept for 20 days"
    assert young not in found
    assert ExportAct.objects.get(subject=old).act == "partition dropped"


def test_a_day_that_meaning_has_not_read_is_kept_whatever_its_age(old_day):
    old = _datagrams(old_day, 3)
    assert maintain()[old].why == "meaning has 3 rows of it left"
    meaning.understand(2)
    assert maintain()[old].why == "meaning has 1 rows of it left"
    meaning.understand()
    assert maintain()[old].is_dropped


def test_of_many_unread_rows_a_bounded_number_is_counted(old_day, monkeypatch):
    monkeypatch.setattr(retention, "COUNTED", 3)
    old = _datagrams(old_day, 9)
    assert maintain()[old].why == "meaning has 3 rows or more of it left"


def test_what_came_late_into_a_day_that_was_read_keeps_it(old_day):
    old = _datagrams(old_day, 2)
    meaning.understand()
    _datagrams(old_day, 1)
    assert maintain()[old].why == "meaning has 1 rows of it left"


def test_what_came_between_the_look_and_the_detaching_puts_the_day_back(old_day, monkeypatch):
    old = _datagrams(old_day, 2)
    meaning.understand()

    def detach_late(partition: Partition) -> None:
        if partition.name == old:
            _datagrams(old_day, 1)
        detach(partition)

    monkeypatch.setattr(retirement, "detach", detach_late)
    assert maintain()[old].why == "meaning has 1 rows of it left"
    monkeypatch.undo()
    assert meaning.understand().total == 1
    assert {one.name: one.step for one in partitions_of("datagram")}[old] is Step.ATTACHED


def test_a_detached_day_that_was_not_read_is_put_back(old_day):
    old = _datagrams(old_day, 2)
    with as_owner():
        detach(next(one for one in partitions_of("datagram") if one.name == old))
    assert meaning.understand().total == 0
    assert maintain()[old].why == "meaning has 2 rows of it left"
    assert meaning.understand().total == 2
    assert maintain()[old].is_dropped


def test_a_place_of_another_cluster_says_nothing_and_keeps_all(old_day):
    old = _datagrams(old_day, 1)
    meaning.understand()
    ListenerCursor.objects.update(system_identifier=1)
    assert "another PostgreSQL cluster" in maintain()[old].why


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
    assert maintain()[old].why == f"alpha 127.0.0.1: 58692, 58693 holds datagrams since {day}"


def test_the_next_start_at_the_same_place_speaks_for_what_is_on_its_disk(old_day):
    old = _datagrams(old_day, 0)
    _run(spooled=9, waiting_since=_noon(old_day), started_at=Now() - timedelta(days=22))
    _run(spooled=0)
    assert maintain()[old].is_dropped


def test_what_waits_since_a_later_day_keeps_no_earlier_one(old_day):
    old = _datagrams(old_day, 0)
    _run(spooled=9, waiting_since=_noon(old_day + timedelta(days=1)))
    assert maintain()[old].is_dropped


def test_what_a_lost_host_held_is_given_up_by_a_person_and_written_down(old_day, capsys):
    old = _datagrams(old_day, 0)
    _run(spooled=9, waiting_since=_noon(old_day), seen_at=Now() - timedelta(days=21))
    call_command("listeners", "forget", "alpha")
    assert "9 datagrams lie on its disk" in capsys.readouterr().out
    row = AuditRow.objects.get(act="listener.forget")
    assert (row.target, "9 datagrams" in row.text) == ("alpha", True)
    assert maintain()[old].is_dropped


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
    why = maintain()["listener_count"].why
    assert why == f"8 rows, counts by minute before {TODAY - timedelta(days=20)}"
    assert (counts.totals(), counts.by_reason()) == before
    _count(datetime.combine(old_day, time(3), UTC), "stored", "", 5)  # a spool that came late
    maintain()
    rows = ListenerCount.objects.filter(verdict="stored").order_by("minute")
    assert list(rows.values_list("count", flat=True)) == [30, 35, 10, 10, 10]


def _count(minute: datetime, verdict: str, reason: str, count: int) -> None:
    ListenerCount.objects.create(minute=minute, verdict=verdict, reason=reason, count=count)


# --- months ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "months"), [("spontaneous_message", 3), ("suspect_message", 2), ("power_change", 2)]
)
def test_a_month_goes_when_all_of_it_is_older_than_the_setting(table, months):
    ensure(table, month(months + 1), month(months))
    found = maintain()
    why = found[f"{table}_{month(months + 1):%Y%m}"]
    assert (why.is_dropped, why.why) == (True, f"kept for {months} months")
    assert f"{table}_{month(months):%Y%m}" not in found


def _old_changes(count: int) -> str:
    ensure("power_change", month(3), month(3))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO power_change (recorded_at, company_id, meter_id, is_dark, at, source)"
            " SELECT %(at)s, 1, n, true, %(at)s, 'gasp' FROM generate_series(1, %(count)s) AS n",
            {"at": _noon(month(3)), "count": count},
        )
    return f"power_change_{month(3):%Y%m}"


def test_changes_of_power_that_the_outages_have_not_read_are_kept():
    world = networks.world()
    name = _old_changes(4)
    assert maintain()[name].why == "outages has 4 rows of it left"
    world.look(0)
    assert maintain()[name].is_dropped
    assert not PowerChange.objects.exists()


def test_a_run_killed_between_detaching_and_dropping_is_finished_by_the_next():
    ensure("suspect_message", month(4), month(4))
    name = f"suspect_message_{month(4):%Y%m}"
    with as_owner():
        detach(next(one for one in partitions_of("suspect_message") if one.name == name))
    assert maintain()[name].is_dropped
    assert name not in maintain()


def test_a_dry_run_tells_and_drops_nothing(old_day):
    old = _datagrams(old_day, 0)
    assert maintain(dry_run=True)[old].why == "a dry run, else dropped: kept for 20 days"
    assert old in {one.name for one in partitions_of("datagram")}


def test_the_application_may_drop_no_month():
    ensure("power_change", month(4), month(4))
    oldest = partitions_of("power_change")[0]
    with pytest.raises(ProgrammingError, match="must be owner"):
        detach(oldest)
