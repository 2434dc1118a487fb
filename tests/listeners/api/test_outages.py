"""Outages over REST and on the command line: what is out, how it went, whom it reaches."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from listeners.models import Outage, Storm
from listeners.outage_store import figures
from tests.factories import fleets, networks
from tests.factories.callers import Caller, superuser, told
from tests.factories.networks import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    """One outage is over, of the other nine customers are back and one is not."""
    made = networks.world()
    first, second = (made.site(made.substation(f"SE-{n}"), meters=10) for n in (1, 2))
    made.off([first.concentrator], 0)
    made.look(60)
    made.on([first.concentrator], 600)
    made.off(second.meters, 610)
    made.look(700)
    made.on(second.meters[:8], 900)
    made.look(910)
    return made


@pytest.fixture
def ana(world: World) -> Caller:
    return Caller("ana", world.owner)


def test_what_is_out_now(world: World, ana: Caller) -> None:
    status, said = ana.get("outages/", state="open")
    assert (status, said["next"], said["storm_since"]) == (200, None, None)
    [outage] = said["outages"]
    assert (outage["level"], outage["name"], outage["substation"]) == (
        "transformer",
        "TR-2",
        "SE-2",
    )
    assert (outage["customers"], outage["customers_out"]) == (10, 2)
    assert (outage["until"], outage["customer_minutes"]) == (None, None)


def test_what_is_dark_is_seen_at_once_though_it_may_be_momentary(
    world: World, ana: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    world.off([world.sites[0].concentrator], 1000)
    world.look(1005)
    [suspect] = ana.get("outages/", state="open")[1]["suspected"]
    assert (suspect["transformer"], suspect["customers_out"]) == ("TR-1", 10)
    call_command("outages", "list")
    assert "dark, and not told yet:" in capsys.readouterr().out
    world.look(1060)
    assert ana.get("outages/")[1]["suspected"] == []


def test_history_goes_by_pages(world: World, ana: Caller) -> None:
    first = ana.get("outages/", limit=1)[1]
    second = ana.get("outages/", limit=1, before=first["next"])[1]
    names = [page["outages"][0]["name"] for page in (first, second)]
    assert names == ["TR-2", "TR-1"]
    assert second["outages"][0]["customer_minutes"] == 100.0
    assert ana.get("outages/", limit=1, before=second["next"])[1]["outages"] == []


def test_one_with_its_timeline(world: World, ana: Caller) -> None:
    pk = Outage.objects.get(name="TR-2").pk
    status, said = ana.get(f"outages/{pk}/")
    assert status == 200
    assert [(step["kind"], step["customers_out"]) for step in said["timeline"]] == [
        ("opened", 10),
        ("restored", 2),
    ]


def test_whom_it_reaches_by_pages(world: World, ana: Caller) -> None:
    pk = Outage.objects.get(name="TR-2").pk
    seen: list[dict[str, Any]] = []
    after = 0
    while after is not None:
        query = {"after": after} if after else {}
        page = ana.get(f"outages/{pk}/customers/", limit=4, **query)[1]
        seen, after = seen + page["customers"], page["next"]
    assert len({one["pod"] for one in seen}) == 10
    assert sum(one["until"] is None for one in seen) == 2


def test_figures_of_days(world: World, ana: Caller) -> None:
    figures.refresh(world.at(1000))
    day = fleets.today().isoformat()
    status, said = ana.get("outage-days/", first=day, last=day)
    assert status == 200
    [found] = said["days"]
    assert (found["customers"], found["interruptions"], found["outages"]) == (20, 20, 2)
    assert found["saifi"] == 1.0


@pytest.mark.parametrize(
    ("path", "query", "text"),
    [
        ("outages/", {"state": "dark"}, "state"),
        ("outages/", {"limit": 501}, "limit"),
        ("outages/", {"since": "2026-11-28T10:00:00"}, "offset"),
        ("outages/", {"levle": "meter"}, "not known"),
        ("outage-days/", {"first": "2026-11-28"}, "last"),
        ("outage-days/", {"first": "2026-11-28", "last": "2026-11-27"}, "0 days"),
        ("outage-days/", {"first": "2020-01-01", "last": "2026-11-27"}, "1 to 400"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    ana: Caller, path: str, query: dict[str, Any], text: str
) -> None:
    status, said = ana.get(path, **query)
    assert (status, said["code"]) == (400, "1.8")
    assert text in said["text"]


def test_no_answer_crosses_companies(world: World, ana: Caller) -> None:
    eve = Caller("eve", fleets.company(code="other"))
    pk = Outage.objects.get(name="TR-2").pk
    Storm.objects.create(company=world.owner, since=timezone.now())
    nothing = {"storm_since": None, "suspected": [], "outages": [], "next": None}
    assert eve.get("outages/")[1] == nothing
    for path in (f"outages/{pk}/", f"outages/{pk}/customers/"):
        status, said = eve.get(path)
        assert (status, said["code"]) == (404, "2.15")
        assert ana.get(path)[0] == 200
    assert ana.get("outages/")[1]["storm_since"] is not None
    assert told(superuser().get("/api/v1/outages/?company=demo"))[0] == 200


# --- command line ---------------------------------------------------------------------------------


def test_the_command_shows_the_same(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("outages", "list", "--open")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "TR-2" in lines[1]
    pk = Outage.objects.get(name="TR-1").pk
    call_command("outages", "show", str(pk))
    shown = capsys.readouterr().out
    assert "customer_minutes  100.0" in shown
    assert "closed" in shown
    figures.refresh(world.at(1000))
    call_command("outages", "figures")
    assert fleets.today().isoformat() in capsys.readouterr().out


def test_an_outage_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(CommandError, match="there is no outage 999"):
        call_command("outages", "show", "999")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "99999999999999999999"), "give 1 to 9223372036854775807"),
        (("show", "-1"), "give 1 to"),
        (("list", "--limit", "501"), "'501': give 1 to 500"),
        (("figures", "--days", "0"), "'0': give 1 to 400"),
        (("figures", "--days", "many"), "'many': give 1 to 400"),
    ],
)
def test_numbers_out_of_bounds_are_named(
    world: World, arguments: tuple[str, ...], told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("outages", *arguments)
