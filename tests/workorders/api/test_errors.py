"""Whatever is sent, the answer is JSON with a code and a sentence, and nothing is half-written."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.models import ApiToken
from tests.factories.callers import ADDRESSES, PASSWORD, ROOT, client, told
from tests.factories.ordered import ago, serial
from workorders import submission
from workorders.models import WorkOrder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]

ORDERS = "work-orders/"


def one(**options):
    return {"orders": [{"kind": "reading", "meter": serial(), **options}]}


@pytest.mark.parametrize("path", [*ADDRESSES, "nothing/", "work-orders"])
def test_strangers_get_nothing_anywhere(path):
    for ask in (Client().get, Client().post, client("hes_wrong").get, client("hes_wrong").post):
        status, said = told(ask(ROOT + path))
        assert (status, said["code"]) in {(401, "7.2"), (401, "7.4")}


def test_a_token_that_has_expired_says_so(ana):
    ApiToken.objects.update(expires_at=ago(seconds=1))
    status, said = ana.get(ORDERS)
    assert (status, said["code"]) == (401, "7.4")
    assert "get a new one" in said["text"]


@pytest.mark.parametrize("path", sorted(set(ADDRESSES) - {"order-kinds/"}))
@pytest.mark.parametrize("company", ["", "?company=demo"])
def test_a_user_without_that_company_gets_nothing_anywhere(td, eve, path, company):
    stray = Client()
    stray.force_login(User.objects.create_user("stray", password=PASSWORD))
    callers = [stray, eve.client] if company else [stray]
    for caller in callers:
        for ask in (caller.get, caller.post):
            status, said = told(ask(ROOT + path + company))
            assert (status, said["code"]) in {(403, "7.5"), (405, "2.9")}
        assert 403 in {caller.get(ROOT + path + company).status_code,
                       caller.post(ROOT + path + company).status_code}  # fmt: skip


def test_a_session_reads_and_writes_only_with_its_csrf_token(ana):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana.user)
    assert browser.get(ROOT + ORDERS).status_code == 200
    status, said = told(browser.post(ROOT + ORDERS, one(), content_type="application/json"))
    assert (status, said["code"]) == (403, "7.5")
    assert "CSRF" in said["text"]


@pytest.mark.parametrize(
    "path", ["nothing/", "work-orders", f"work-orders/{2**63}/", "work-orders/x/"]
)
def test_an_unknown_address_says_where_to_look(ana, path):
    for status, said in (ana.get(path), ana.post(path, {})):
        assert (status, said["code"]) == (404, "2.15")
        assert "docs" in said["text"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "orders: "),
        ([], "orders: "),
        ({"orders": {}}, "orders: "),
        ({"orders": []}, "orders: "),
        ({"orders": [1]}, "orders[0]: "),
        (one(priority=10), "orders[0].priority: "),
        (one(priority="x"), "orders[0].priority: "),
        (one(expires_at="2026-11-28T10:00:00"), "orders[0].expires_at: write a time with offset"),
        (one(not_befor="x"), "orders[0].not_befor: not known"),
        (one(correlation_id="a;b"), "orders[0].correlation_id: contains ;"),
        (one(outer_id="x" * 101), "orders[0].outer_id: "),
        (one(parameters=[1]), "orders[0].parameters: "),
        (one(steps=[{"kind": "reading"}]), "orders[0]: give either"),
        ({"orders": [{"steps": [{"kind": "reading"}, {}]}]}, "orders[0].steps[1].kind: "),
        ({"order": 1}, "order: not known"),
    ],
)
def test_a_body_that_is_not_understood_is_refused_with_its_place(ana, body, place):
    status, said = ana.post(ORDERS, body)
    assert (status, said["code"]) == (400, "1.8")
    assert said["text"].startswith(place)
    assert not WorkOrder.objects.exists()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{", "no JSON"),
        (b"\xff", "not UTF-8"),
        (b'{"orders": NaN}', "NaN"),
        (b'{"orders": "\\u0000"}', "NUL"),
        (b'{"orders": "\\ud800"}', "UTF-8"),
        (b"[" * 100_000, "no JSON"),
        (b"9" * 5000, "no JSON"),
    ],
)
def test_bytes_that_are_no_usable_json_are_refused(ana, body, text):
    status, said = ana.post(ORDERS, body)
    assert (status, said["code"]) == (400, "1.8")
    assert text in said["text"]


def test_an_escaped_backslash_is_no_nul(ana):
    body = json.dumps(one(parameters={"note": "\\u0000"})).encode()
    assert ana.post(ORDERS, body)[0] == 201


def test_a_body_that_is_too_long_is_refused(ana, settings):
    settings.API_MAX_BODY = 1024
    status, said = ana.post(ORDERS, {"orders": [{"meter": "x" * 2000}]})
    assert (status, said["code"]) == (413, "3.1")
    assert "1,024 bytes" in said["text"]


def test_another_kind_of_body_and_method_are_refused(ana):
    status, said = told(ana.client.post(ROOT + ORDERS, {"kind": "reading"}))
    assert (status, said["code"]) == (415, "1.8")
    status, said = told(ana.client.delete(ROOT + ORDERS))
    assert (status, said["code"]) == (405, "2.9")


@pytest.mark.parametrize(
    "query", [{"state": "x"}, {"limit": 501}, {"limit": 0}, {"before": "x"}, {"since": "x"},
              {"stat": "held"}, {"meter": "\0"}]
)  # fmt: skip
def test_a_filter_that_cannot_be_is_refused_not_ignored(ana, query):
    status, said = ana.get(ORDERS, **query)
    assert (status, said["code"]) == (400, "1.8")
    assert said["text"].startswith(next(iter(query)))


def test_a_bug_is_told_without_its_insides(ana, monkeypatch, caplog):
    def broken(_requests):
        raise RuntimeError("secret")

    monkeypatch.setattr(submission, "submit", broken)
    status, said = ana.post(ORDERS, one())
    assert (status, said["code"]) == (500, "4.3")
    assert "secret" not in said["text"]
    assert "secret" in caplog.text


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=10,
)
_NAMES = st.sampled_from(
    ["kind", "meter", "pod", "concentrator", "parameters", "outer_id", "priority", "not_before",
     "expires_at", "bypass_retry", "external_system", "correlation_id", "steps", "reason", "order",
     "continue_on_error", "executed_by", "executed_at", "is_done", "breaker"]
)  # fmt: skip
_VALUES = _ANYTHING | st.sampled_from(
    ["reading", "disconnect", serial(), "POD101", "2026-11-28T10:00:00Z",
     "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-14:00", 2**63, 0, True, [{"kind": "reading"}]]
)  # fmt: skip
_ITEMS = st.lists(st.dictionaries(_NAMES, _VALUES, max_size=8) | _ANYTHING, max_size=3)
_BODIES = _ANYTHING | st.builds(
    lambda name, items: {name: items},
    st.sampled_from(["orders", "results", "meters", "pods", "reason", "order"]),
    _ITEMS | _ANYTHING,
)


@given(st.sampled_from(ADDRESSES), _BODIES)
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_posted_the_answer_is_json_and_no_bug(ana, path, body):
    answer = ana.client.post(ROOT + path, json.dumps(body).encode(), "application/json")
    said = answer.json()
    assert answer.status_code < 500, (path, body, said)
    if answer.status_code >= 400 and "items" not in said:
        assert set(said) == {"code", "text"}
