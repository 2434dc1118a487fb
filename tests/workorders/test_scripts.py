"""Scripts in the database: versions, release by another person, and the orders that use them."""

import json
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction

from devices.models import AuditRow, Company
from hes.domain.errors import BadValue, HesError
from tests.factories import fleets
from tests.factories.ordered import asked, fleet, state, submit, visit
from tests.workorders.activities.orders.model import SET_NAME, SET_PORT
from workorders import deeds, orders, scripts, submission
from workorders.activities.orders.scripts import NoteSteps
from workorders.models import Script, WorkOrder

pytestmark = pytest.mark.django_db(transaction=True)

FILE = {"name": "SET_NAME", "target": "meter", "steps": SET_NAME["steps"]}
BLIND = {"do": "action", "object": "9·0.0.10.0.100!1", "value": {"u16": 1}}


@pytest.fixture(autouse=True)
def _persons():
    for name in ("ada", "bob"):
        get_user_model().objects.create_user(name)
    get_user_model().objects.create_user("eve", is_active=False)


@pytest.fixture
def td():
    return fleet()


@pytest.fixture
def owner(td) -> Company:
    return td.company


def add(owner, **change) -> Script:
    return scripts.add(owner, json.dumps({**FILE, **change}), "ada")


def released(owner, **change) -> Script:
    script = add(owner, **change)
    return scripts.release(owner, script.name, "bob", script.version)


def refused(td, kind="meter_script", **parameters) -> str:
    meter = None if kind.startswith("concentrator") else asked(td).meter
    request = asked(td, kind, meter=meter, concentrator=td.serial_number, parameters=parameters)
    [answer] = submission.submit([request])
    assert not WorkOrder.objects.exists()
    return str(answer.rejected)


# --- versions and release -------------------------------------------------------------------------


def test_versions_count_up_by_name_and_company(owner):
    other = fleets.company(code="other")
    made = [add(owner), add(owner), add(owner, name="SET_OTHER"), add(other)]
    assert [str(script) for script in made] == [
        "SET_NAME 1", "SET_NAME 2", "SET_OTHER 1", "SET_NAME 1"
    ]  # fmt: skip


def test_a_bad_file_is_refused_and_nothing_is_kept(owner):
    for text in ("{", "[" * 100_000, "[]", json.dumps({**FILE, "steps": []})):
        with pytest.raises(BadValue, match=" - "):
            scripts.add(owner, text, "ada")
    with pytest.raises(BadValue, match="too large"):
        scripts.add(owner, " " * 300_000, "ada")
    assert not Script.objects.exists()


def test_its_author_does_not_release_it(owner):
    add(owner)
    with pytest.raises(HesError, match="another person releases it"):
        scripts.release(owner, "SET_NAME", "ada")
    with pytest.raises(IntegrityError), transaction.atomic():
        Script.objects.update(released_by="ada", released_at=fleets.ALWAYS.lower)


@pytest.mark.parametrize("who", ["", "nobody", "eve"])
def test_only_active_users_write_and_release(owner, who):
    with pytest.raises(BadValue, match="no active user"):
        scripts.add(owner, json.dumps(FILE), who)
    add(owner)
    with pytest.raises(BadValue, match="no active user"):
        scripts.release(owner, "SET_NAME", who)


def test_an_action_that_nothing_can_be_read_back_of_is_not_released(owner):
    add(owner, steps=[*FILE["steps"], BLIND])
    with pytest.raises(BadValue, match=r"SET_NAME 1, steps\[2\]: .* names nothing to read back"):
        scripts.release(owner, "SET_NAME", "bob")
    assert Script.objects.get().released_at is None


def test_what_is_released_stays_as_it_is(owner):
    script = released(owner)
    with pytest.raises(HesError, match="was released by bob already"):
        scripts.release(owner, "SET_NAME", "bob", 1)
    for change in (
        lambda: Script.objects.update(steps=[]),
        lambda: Script.objects.filter(pk=script.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="is released and stays"), transaction.atomic():
            change()


def test_who_wrote_released_or_tried_to_stands_in_the_audit(owner):
    add(owner)
    with pytest.raises(HesError):
        scripts.release(owner, "SET_NAME", "ada")
    scripts.release(owner, "SET_NAME", "bob")
    rows = list(AuditRow.objects.filter(act__startswith="script.").order_by("id"))
    assert [(row.act, row.who, row.is_refused) for row in rows] == [
        ("script.add", "ada", False),
        ("script.release", "ada", True),
        ("script.release", "bob", False),
    ]
    assert {(row.target, row.count) for row in rows} == {("script SET_NAME 1", 2)}
    assert len({row.hash for row in rows}) == 1


def test_of_two_versions_that_wait_the_one_that_was_read_is_named(owner):
    add(owner)
    add(owner)
    with pytest.raises(BadValue, match="versions 1, 2 of script SET_NAME wait"):
        scripts.release(owner, "SET_NAME", "bob")
    assert scripts.release(owner, "SET_NAME", "bob", 2).version == 2


# --- orders ---------------------------------------------------------------------------------------


def test_an_order_carries_the_newest_released_steps_whatever_comes_later(td, owner):
    released(owner)
    second = released(owner, steps=FILE["steps"][:1])
    add(owner)
    order = submit(td, "meter_script", parameters={"script": "SET_NAME"})
    assert order.parameters == {"script": "SET_NAME", "version": 2, "steps": second.steps}
    released(owner, steps=FILE["steps"])
    order.refresh_from_db()
    assert order.parameters["steps"] == second.steps


def test_a_version_may_be_named(td, owner):
    first = released(owner)
    released(owner, steps=FILE["steps"][:1])
    order = submit(td, "meter_script", parameters={"script": "SET_NAME", "version": 1})
    assert order.parameters["steps"] == first.steps


def test_a_script_that_is_not_there_not_released_or_of_another_target_is_refused(td, owner):
    assert refused(td, script="SET_NAME").startswith("[5.8] there is no script SET_NAME")
    released(fleets.company(code="other"))
    assert refused(td, script="SET_NAME").startswith("[5.8]")
    add(owner)
    assert refused(td, script="SET_NAME").startswith("[7.7] script SET_NAME is not released")
    scripts.release(owner, "SET_NAME", "bob")
    assert refused(td, script="SET_NAME", version=2).startswith("[5.8]")
    assert refused(td, "concentrator_script", script="SET_NAME").startswith(
        "[2.29] script SET_NAME is for a meter, not for a concentrator"
    )
    released(owner, name="SET_PORT", target="concentrator", steps=SET_PORT["steps"])
    assert refused(td, script="SET_PORT").startswith("[2.29]")


def test_notes_of_steps_stand_beside_them_and_never_go_back(td, owner):
    released(owner)
    order = submit(td, "meter_script", parameters={"script": "SET_NAME"})
    claim = visit()
    taken = orders.take(claim)
    for done in (1, 2, 1):
        deeds.do(taken, claim, NoteSteps(done))
    order.refresh_from_db()
    assert (order.parameters["done"], order.parameters["script"]) == (2, "SET_NAME")
    assert state(order) == "leased"


# --- commands -------------------------------------------------------------------------------------


def said(*words: str) -> str:
    out = StringIO()
    call_command("script", *words, stdout=out)
    return out.getvalue()


def test_a_script_goes_from_a_file_to_its_release_by_commands(owner, tmp_path):
    file = tmp_path / "set_name.json"
    file.write_text(json.dumps(FILE), encoding="utf-8")
    assert "script SET_NAME 1 is kept" in said("add", str(file), "--as", "ada")
    with pytest.raises(CommandError, match="another person"):
        said("release", "SET_NAME", "--as", "ada")
    assert "is released" in said("release", "SET_NAME", "--as", "bob")
    assert said("list").splitlines()[1].split()[:6] == [
        "SET_NAME", "1", "meter", "2", "ada", "bob"
    ]  # fmt: skip
    shown = said("show", "SET_NAME")
    assert json.loads(shown[shown.index("{") :])["steps"] == FILE["steps"]


def test_commands_name_what_is_wrong(owner, tmp_path):
    assert "there is no script" in said("list")
    with pytest.raises(CommandError, match="has no script NOPE"):
        said("show", "NOPE")
    with pytest.raises(CommandError, match="No such file"):
        said("add", str(tmp_path / "none.json"), "--as", "ada")
