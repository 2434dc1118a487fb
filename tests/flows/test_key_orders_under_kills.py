"""A worker is killed while every order of keys stands at another step: nobody is locked out."""

import json

import pytest

from tests.factories import key_steps
from tests.factories.key_field import KeyField, watched_counters
from tests.factories.processes import wait_until, workers
from workorders import invariants, orders
from workorders.activities.orders import mutual_authentication
from workorders.models import WorkOrder
from workorders.states import FINAL

pytestmark = pytest.mark.django_db(transaction=True)
STEPS = {
    "key_rotation": 17,
    "keys_to_private": 17,
    "keys_to_public": 19,
    "mutual_authentication": 13,
}
"""Duties of each that an undisturbed order carries out."""


@pytest.fixture(autouse=True)
def _prepared(monkeypatch, transactional_db):
    monkeypatch.setattr(orders, "FIRST_READ_SECONDS", 0.1)
    monkeypatch.setattr(orders, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(mutual_authentication, "NEXT_VISIT_SECONDS", 0.2)
    key_steps.install()
    yield
    key_steps.remove()
    assert invariants.broken() == []


def _ordered(field, kind):
    """An order at every concentrator, each to stand still at another step."""
    submitted = []
    for each in field.concentrators:
        [meter] = each.meters
        if kind == "keys_to_private":
            field.make_new(meter)
        about = {"concentrator": each} if kind == "mutual_authentication" else {"meter": meter}
        submitted.append(field.submit(kind, **about))
    return submitted


def _is_settled(field, kind, concentrator):
    [meter] = concentrator.meters
    if kind == "mutual_authentication":
        return field.concentrator_agrees(concentrator)
    return field.is_public(meter) if kind == "keys_to_public" else field.agrees(meter)


@pytest.mark.parametrize(
    "kind",
    [
        "key_rotation",
        "mutual_authentication",
        pytest.param("keys_to_private", marks=pytest.mark.slow),
        pytest.param("keys_to_public", marks=pytest.mark.slow),
    ],
)
def test_a_worker_killed_at_every_step_locks_nobody_out(kind, monkeypatch, tmp_path):
    count = STEPS[kind]
    with (
        watched_counters(monkeypatch) as seen,
        KeyField(count, 1).running() as field,
        workers() as worker,
    ):
        submitted = _ordered(field, kind)
        standing = tmp_path / "standing"
        plan = {"steps": dict(zip(submitted, range(count), strict=True)), "standing": str(standing)}
        (tmp_path / "plan").write_text(json.dumps(plan))
        monkeypatch.setenv(key_steps.PLAN, str(tmp_path / "plan"))
        victim = worker("keys")
        wait_until(lambda: _lines(standing) == count, seconds=60)
        victim.kill()
        victim.wait()
        with field.visited():
            wait_until(lambda: _open() == 0, seconds=60)
            assert set(WorkOrder.objects.values_list("state", flat=True)) == {"done"}
        unsettled = [
            n for n, c in enumerate(field.concentrators) if not _is_settled(field, kind, c)
        ]
    assert unsettled == []
    assert max(seen.values()) == 1


def _lines(file):
    return len(file.read_text().splitlines()) if file.exists() else 0


def _open():
    return WorkOrder.objects.exclude(state__in=FINAL).count()
