"""Small activities of their own for tests of the order machine, in place of the real ones."""

import pytest

from workorders.activities.orders.base import OrderActivity, Rejected, Result, Target
from workorders.activities.orders.registry import ACTIVITIES

BREAKERS = frozenset({"disconnect", "reconnect", "reduce"})


def _parse(given):
    if "bad" in given:
        raise Rejected("1.6", "bad is no parameter")
    return dict(given)


def _steps(_facts):
    yield from ()
    return Result(True, "ok")


def activity(kind: str, target: Target = Target.METER, **options) -> OrderActivity:
    defaults = {
        "printed": kind,
        "is_commercial": target is Target.METER,
        "command": kind.upper(),
        "ok_code": f"{kind}.ok",
        "ko_code": f"{kind}.ko",
        "parse": _parse,
        "steps": _steps,
    }
    return OrderActivity(kind=kind, target=target, **{**defaults, **options})


KINDS = (
    activity("reading"),
    activity("disconnect", guarded=True, supersedes=BREAKERS, read_back=_steps),
    activity("reduce", guarded=True, supersedes=BREAKERS, read_back=_steps),
    activity("reconnect", paced=True, supersedes=BREAKERS, read_back=_steps),
    activity("credit_charge", needs_transaction=True, read_back=_steps),
    activity("commissioning", is_commercial=False, read_back=_steps, is_long=True),
    activity("wake_up", Target.CONCENTRATOR, read_back=_steps),
)


@pytest.fixture
def kinds(monkeypatch):
    """The registry holds these and no others."""
    for kind in list(ACTIVITIES):
        monkeypatch.delitem(ACTIVITIES, kind)
    for one in KINDS:
        monkeypatch.setitem(ACTIVITIES, one.kind, one)
