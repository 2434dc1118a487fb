"""Which hub takes what, and that no hub takes the lines of two companies."""

import pytest

from devices import parameters
from devices.outbox.layouts import HEADERS
from integration.export.cursor import Stream
from integration.export.messages.names import hub_name, shared_hubs
from integration.export.messages.routes import HubsShared, refused_hubs, routes
from tests.factories import fleets


@pytest.mark.parametrize(
    ("code", "is_first", "pattern", "expected"),
    [
        ("demo", True, "", "hes-lpe"),
        ("bob", False, "", "hes-bob-lpe"),
        ("Bob", False, "", "hes-bob-lpe"),
        ("demo", True, "meters.{kind}.v1", "meters.lpe.v1"),
        ("bob", False, "{kind}", "lpe"),
    ],
)
def test_hubs_are_named_by_kind_and_company(
    code: str, is_first: bool, pattern: str, expected: str
) -> None:
    assert hub_name("LPE", code, is_first, pattern) == expected


def test_the_stream_of_outages_has_a_name_of_its_own() -> None:
    assert hub_name("OUT", "demo", True, "") == "hes-outage"
    assert hub_name("OUT", "bob", False, "") == "hes-bob-outage"


def test_one_company_may_use_one_hub_for_several_kinds() -> None:
    assert shared_hubs([("bob", "all"), ("bob", "all"), ("eve", "other")]) == []


def test_hubs_are_shared_whatever_the_case_of_their_names() -> None:
    (shared,) = shared_hubs([("bob", "Hub"), ("eve", "hub"), ("eve", "other")])
    assert str(shared) == "bob and eve would share hub"


@pytest.mark.django_db
def test_every_kind_of_every_company_has_a_route() -> None:
    first, second = fleets.company(code="demo"), fleets.company(code="bob")
    found = routes()
    assert [(route.company, route.stream.kind) for route in found] == [
        (company.code, kind) for company in (first, second) for kind in HEADERS
    ]
    by_sink = {route.sink: route for route in found}
    assert by_sink["hub/demo/S"].hub == "hes-s"
    assert by_sink["hub/bob/S"].hub == "hes-bob-s"
    assert by_sink["hub/bob/S"].stream == Stream(second.pk, "S")


@pytest.mark.django_db
def test_a_company_packs_and_names_as_it_wishes() -> None:
    company = fleets.company(code="demo")
    parameters.change(company, "hub_packing", "S=500:json")
    parameters.change(company, "hub_names", "x-{kind}")
    route = next(route for route in routes() if route.stream.kind == "S")
    assert (route.hub, str(route.packing)) == ("x-s", "1/json/500/56000")


@pytest.mark.django_db
def test_two_companies_in_one_hub_are_refused_with_the_cure(settings) -> None:
    for code in ("demo", "bob"):
        parameters.change(fleets.company(code=code), "hub_names", "all-{kind}")
    with pytest.raises(
        HubsShared, match=r"bob and demo would share .*all-s, .*: change `hub_names`"
    ):
        routes()
    (shared,) = refused_hubs()
    assert len(shared.hubs) == len(HEADERS)
    settings.EVENT_HUBS_MAY_BE_SHARED = True
    assert len(routes()) == 2 * len(HEADERS)
    assert refused_hubs() == []


@pytest.mark.django_db
def test_without_companies_nothing_is_sent_anywhere() -> None:
    assert routes() == []
