"""Outages and interruptions leave when they have been over for long; what is open stays whole."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction

from devices import retirement
from devices.retirement import Verdict
from integration.models import ExportAct
from listeners.models import (
    Finding,
    Interruption,
    Outage,
    OutageCheck,
    OutageDay,
    OutageStep,
    Storm,
)
from tests.factories import networks
from tests.factories.maintained import maintain, month
from tests.factories.networks import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _age_of_outages(settings) -> None:
    settings.OUTAGE_MONTHS = 2


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
    found = maintain()
    before = month(2).isoformat()
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
    assert "outage" not in maintain()
    assert _counts() == before


def _still_open(world: World) -> None:
    world.off([world.sites[0].concentrator], 0)
    world.look(60)
    world.on(world.sites[0].meters[:2], 600, networks.PowerSource.ANSWER)
    world.look(610)
    assert networks.told() == [("transformer", "TR-1", "open", 4, 2)]


def _partly_corrected_to_a_moment(world: World) -> None:
    _still_open(world)
    assert Interruption.objects.exclude(ended_at=None).update(is_momentary=True)


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
    "happens",
    [_still_open, _partly_corrected_to_a_moment, _waits_for_the_rules, _part_of_an_open_one],
    ids=lambda happens: happens.__name__,
)
def test_what_is_open_or_waits_stays_whole_whatever_its_age(
    world: World, happens: Callable[[World], None]
):
    happens(world)
    _check(world, None, "")  # an order that has not ended
    Storm.objects.create(company=world.owner, since=world.begin)
    _age(months=30)
    before = _counts()
    maintain()
    assert _counts() == before


def test_many_rows_go_in_slices_and_what_is_too_much_is_left_to_the_next_run(world, monkeypatch):
    _ended(world)
    _age(months=3)
    monkeypatch.setattr(retirement, "SLICE", 2)
    monkeypatch.setattr(retirement, "SLICES", 2)
    assert maintain()["interruption"].why.startswith("4 rows")
    assert Outage.objects.count() == 1
    found = maintain()
    assert found["interruption"].why.startswith("2 rows")
    assert found["outage"].is_dropped


def test_a_dry_run_tells_how_many_rows_and_deletes_none(world):
    _ended(world)
    _age(months=3)
    before = _counts()
    assert maintain(dry_run=True)["interruption"].why.startswith("a dry run, else dropped: 6 rows")
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
    thread = threading.Thread(target=lambda: found.update(maintain()))
    thread.start()
    thread.join()
    return found
