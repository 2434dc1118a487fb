"""Every invariant holds for outages that the rules made, and finds what a hand has broken."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from devices.models import Company
from devices.parameters import change
from devices.partitions import ensure
from listeners import invariants, meaning
from listeners.models import Interruption, ListenerCursor, Outage
from tests.database import owner_cursor, worker_database
from tests.factories import fleets, networks
from tests.factories.networks import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = networks.world()
    made.begin = datetime.now(UTC) - timedelta(hours=3)
    substation = made.substation()
    for _ in range(4):
        made.site(substation, meters=5)
    return made


def opened(world: World) -> int:
    world.off([world.sites[0].concentrator], 0)
    world.look(60)
    return Outage.objects.get().pk


def closed(world: World) -> int:
    outage = opened(world)
    world.on([world.sites[0].concentrator], 1800)
    world.look(1810)
    return outage


def merged(world: World) -> int:
    """The outage of a transformer, which went into that of its substation."""
    outage = opened(world)
    world.off([world.sites[1].concentrator], 50)
    world.look(120)
    assert [row[2] for row in networks.told()] == ["merged", "open"]
    return outage


def with_one_left_over(world: World) -> int:
    change(world.owner, "outage_close_share", "30")
    world.off(world.sites[0].meters, 0)
    world.look(60)
    outage = Outage.objects.get().pk
    world.on(world.sites[0].meters[1:], 900)
    world.look(910)
    assert [row[2] for row in networks.told()] == ["closed", "open"]
    return outage


def momentary(world: World) -> int:
    world.off(world.sites[0].meters[:1], 0)
    world.on(world.sites[0].meters[:1], 20)
    world.look(60)
    return Interruption.objects.get().pk


def lasting(world: World) -> int:
    opened(world)
    return Interruption.objects.filter(meter_id__isnull=False).order_by("pk")[0].pk


def over(world: World) -> int:
    closed(world)
    return Interruption.objects.filter(meter_id__isnull=False).order_by("pk")[0].pk


def datagrams(count: int) -> date:
    """Received now; the day of that."""
    now = datetime.now(UTC)
    ensure("datagram", now.date(), now.date())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO datagram (day, received_at, source, source_port, port, size, raw)"
            " SELECT %s, %s, '127.0.0.1', 1, 2, 1, 'x' FROM generate_series(1, %s)",
            [now.date(), now, count],
        )
    return now.date()


def understood(_: World) -> int:
    day = datagrams(5)
    assert meaning.understand().rejected == 5
    return int(f"{day:%Y%m%d}")


def outage_set(values: str) -> str:
    return f"UPDATE outage SET {values} WHERE id = %(number)s"


def interruption_set(values: str) -> str:
    return f"UPDATE interruption SET {values} WHERE id = %(number)s"


ENDED = "ended_at = began_at + interval '1 minute', ended_by = 'gasp'"
LINE_AGAIN = """
INSERT INTO export_block (kind, company_id, day, lines, size, is_compressed, body, devices,
    line_starts) SELECT kind, company_id, day, lines, size, false,
    replace(convert_from(body, 'UTF8'), 'OPENED', '{event}')::bytea, devices, line_starts
FROM export_block WHERE kind = 'OUT' AND convert_from(body, 'UTF8') LIKE '%%;OPENED;%%'
"""
BROKEN = [
    ("outage dark", opened, f"UPDATE interruption SET {ENDED}", "nobody of it is without power"),
    (
        "outage dark",
        closed,
        "UPDATE interruption SET ended_at = NULL, ended_by = '' WHERE meter_id IS NULL",
        "closed, and somebody of it is without power",
    ),
    ("outage dark", closed, outage_set("until = until - interval '1 s'"), "dark for longer"),
    (
        "outage dark",
        merged,
        "UPDATE interruption SET outage_id = %(number)s",
        "merged, and interruptions still belong to it",
    ),
    ("outage counted", opened, outage_set("meters_out = 4"), "count otherwise"),
    ("outage counted", opened, outage_set("customers = 6"), "6 customers, its"),
    ("outage counted", closed, outage_set("customers = 4"), "interruptions have 5"),
    (
        "outage counted",
        with_one_left_over,
        outage_set("customers = 4"),
        "4 customers, its interruptions have 5",
    ),
    ("outage counted", closed, "DELETE FROM interruption", "5 customers, its interruptions have 0"),
    ("outage counted", closed, outage_set("customer_seconds = 1"), "interruptions have 9000"),
    ("outage over", opened, outage_set("until = since"), "open, and has ended"),
    ("outage over", closed, outage_set("customers_out = 1"), "over, and customers are out"),
    ("outage over", closed, outage_set("until = NULL"), "nobody knows when"),
    ("outage over", closed, outage_set("since = until + interval '1 s'"), "before it began"),
    ("outage parts", merged, outage_set("parent_id = 0"), "an outage that is not there"),
    ("outage parts", merged, outage_set("company_id = %(other)s"), "of another company"),
    ("outage parts", merged, outage_set("parent_id = id"), "a transformer cannot be part of a tra"),
    ("outage parts", merged, outage_set("substation_id = 0"), "not lie under substation SE-1"),
    (
        "outage parts",
        merged,
        "UPDATE outage SET opened_at = now() WHERE level = 'substation'",
        "merged while its parent was not open",
    ),
    ("outage lines", opened, LINE_AGAIN.format(event="OPENED"), "2 OPENED lines"),
    ("outage lines", opened, LINE_AGAIN.format(event="CLOSED"), "1 CLOSED lines"),
    ("outage lines", closed, outage_set("state = 'merged'"), "1 CLOSED lines"),
    ("interruption", over, interruption_set("ended_at = began_at - interval '1 s'"), "before it b"),
    ("interruption", over, interruption_set("ended_by = ''"), "who told of it differ"),
    ("interruption", lasting, interruption_set("is_momentary = true"), "momentary, and it lasts"),
    ("interruption of", over, interruption_set("outage_id = 0"), "that is not there"),
    ("interruption of", over, "UPDATE outage SET company_id = %(other)s", "of another company"),
    (
        "day counted",
        understood,
        "UPDATE listener_count SET count = count + 1",
        "5 datagrams were read, 6 have a verdict",
    ),
    ("day counted", understood, "DELETE FROM listener_count", "5 datagrams were read, 0 have"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "made", "statement", "why"), BROKEN)
def test_what_a_hand_breaks_is_found_with_its_number_and_reason(
    world: World, name: str, made: Callable[[World], int], statement: str, why: str
) -> None:
    number = made(world)
    assert invariants.broken() == []
    other = Company.objects.create(name="Other", code="other", time_zone="UTC").pk
    with connection.cursor() as cursor:
        cursor.execute(statement, {"number": number, "other": other})
    assert why in _why(name, number)


def _why(name: str, number: int) -> str:
    found = {one.invariant.name: one for one in invariants.check()}[name]
    assert found.checked > 0
    return dict(found.examples).get(number, "")


@contextmanager
def without(index: str) -> Iterator[None]:
    """As after a repair gone wrong; only the owner of the table can do it."""
    with owner_cursor(worker_database()) as owner:
        owner.execute(f"SELECT pg_get_indexdef('{index}'::regclass)")
        (definition,) = owner.fetchone()
        owner.execute(f"DROP INDEX {index}")
        try:
            yield
        finally:
            owner.execute("TRUNCATE outage, interruption CASCADE")
            owner.execute(definition)


def test_two_open_outages_of_a_place_are_found(world: World) -> None:
    first = opened(world)
    with without("outage_open_once"):
        row = Outage.objects.get(pk=first)
        row.pk = None
        row.save()
        assert "another outage of its place is open" in _why("outage once", first)


def test_two_open_interruptions_of_a_meter_are_found(world: World) -> None:
    first = lasting(world)
    with without("interruption_open_once"):
        row = Interruption.objects.get(pk=first)
        row.pk = None
        row.save()
        assert _why("interruption of", first) == "another one of its device is open"


def test_an_outage_that_was_never_told_is_found(world: World) -> None:
    number = opened(world)
    with owner_cursor(worker_database()) as owner:
        owner.execute("DELETE FROM export_block")
    assert _why("outage lines", number) == "0 OPENED lines"


def test_every_invariant_is_broken_by_some_hand() -> None:
    tried = {name for name, *_ in BROKEN} | {"outage once"}
    assert tried == {invariant.name for invariant in invariants.INVARIANTS}


@pytest.mark.parametrize("seed", range(6))
def test_all_hold_whatever_goes_dark_and_returns(world: World, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a seed, no secret
    change(world.owner, "outage_close_share", "30")
    change(world.owner, "outage_window", "120")
    devices = [d for site in world.sites for d in (site.concentrator, *site.meters)]
    for step in range(40):
        chosen = dice.sample(devices, dice.choice((1, 2, 6)))
        moment = step * 50 + dice.randrange(-200, 50)
        (world.off if dice.random() < 0.5 else world.on)(chosen, moment)
        world.look(step * 50 + 50)
        assert invariants.broken() == [], f"seed {seed}, step {step}"
    assert Outage.objects.count() > 3


def test_one_who_was_left_over_and_taken_by_a_later_outage_breaks_nothing(world: World) -> None:
    larger = with_one_left_over(world)
    Interruption.objects.filter(nested_in_id=larger).update(nested_in_id=larger + 1)
    assert invariants.broken() == []


def test_datagrams_that_wait_for_meaning_break_nothing(world: World) -> None:
    understood(world)
    datagrams(3)
    assert invariants.broken() == []


def test_a_place_of_another_cluster_is_no_ground_to_count(world: World) -> None:
    understood(world)
    ListenerCursor.objects.update(system_identifier=1, row_id=0, xid=0)
    assert invariants.broken() == []


def test_another_company_is_not_looked_at(world: World) -> None:
    opened(world)
    Outage.objects.update(customers=0)
    understood(world)
    assert [one.invariant.name for one in invariants.broken(world.owner.pk)] == ["outage counted"]
    assert {one.checked for one in invariants.check(world.owner.pk + 1)} == {0}


def test_what_was_over_days_ago_is_no_longer_looked_at(world: World) -> None:
    closed(world)
    past = timedelta(days=3)
    row = Outage.objects.get()
    Outage.objects.update(closed_at=row.closed_at - past, customers=0)
    assert {one.checked for one in invariants.check() if one.invariant.name[:6] == "outage"} == {0}


def test_hes_verify_tells_of_orders_and_outages(world: World) -> None:
    number = opened(world)
    out = StringIO()
    call_command("verify", stdout=out)
    shown = out.getvalue()
    assert "I1 body" in shown
    counted = next(line for line in shown.splitlines() if line.startswith("outage counted"))
    assert counted.split()[2:4] == ["1", "0"]
    Outage.objects.update(customers=0)
    with pytest.raises(CommandError, match="broken: outage counted"):
        call_command("verify", stdout=out)
    told = [line.split(maxsplit=3) for line in out.getvalue().splitlines()]
    assert ["outage", "counted", str(number), "0 customers, its interruptions have 5"] in told


def test_lines_are_counted_in_what_really_left(world: World) -> None:
    closed(world)
    assert len(fleets.lines("OUT")) == 2
    found = {one.invariant.name: one for one in invariants.check()}["outage lines"]
    assert (found.checked, found.broken) == (3, 0)
