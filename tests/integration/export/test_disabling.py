"""Giving a sink up and taking it up again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now

from devices.models import ExportBlock
from integration.export import disabling
from integration.export.actions import disable as disable_action
from integration.export.actions import enable as enable_action
from integration.export.cursor import OwnershipLost, Stream, advance, position_of, take_over
from integration.export.disabling import DisablingRefused, disable, enable
from integration.export.drain import drain
from integration.export.known import UnknownSink
from integration.export.lag import State, sinks
from integration.models import ExportAct, ExportFile, SinkCursor
from tests.integration.export.writers import lines, store

SINK = "hub/demo/S"


def _now():
    return datetime.now(UTC)


def test_disabling_tells_what_may_be_lost_and_writes_it_down(company, today):
    store(company, today, lines(1, 3), lines(4))
    store(company, today, lines(1), kind="M")
    take_over(SINK, Stream(company.pk, "S"))
    until = ExportBlock.objects.filter(kind="S").order_by("id").first().recorded_at
    told = []
    assert disable_action.run(told.append, sink=SINK, lose_until=until, who="alice") == 0
    assert f"not delivered 3 lines ({len(lines(1, 3))} bytes)" in told[0]
    assert f"`hes export enable {SINK}`" in told[0]
    row = SinkCursor.objects.get()
    assert (row.is_enabled, row.lose_until) == (False, until)
    act = ExportAct.objects.get()
    assert (act.act, act.subject, act.who) == ("sink disabled", SINK, "alice")
    assert act.detail == {
        "lose_until": until.isoformat(), "lines": 3, "bytes": len(lines(1, 3)),
    }  # fmt: skip


def test_whoever_serves_a_disabled_sink_can_move_it_no_further(company):
    owner = take_over(SINK, Stream(company.pk, "S"))
    disable(SINK, _now())
    assert sinks()[0].state is State.DISABLED
    with pytest.raises(OwnershipLost):
        position_of(owner)
    with pytest.raises(OwnershipLost):
        advance(owner, (1, 1))
    enable(SINK)
    assert position_of(owner) == (0, 0)


def test_the_future_cannot_be_given_up(company):
    take_over(SINK, Stream(company.pk, "S"))
    with pytest.raises(DisablingRefused, match="yet to come"):
        disable(SINK, _now() + timedelta(hours=1))
    assert SinkCursor.objects.get().is_enabled
    assert not ExportAct.objects.exists()


def test_unknown_sinks_are_refused(company):
    for change in (lambda: disable("hub/x", _now()), lambda: enable("hub/x")):
        with pytest.raises(UnknownSink, match="none yet"):
            change()


def test_a_later_decision_may_give_up_more(company):
    take_over(SINK, Stream(company.pk, "S"))
    first = _now() - timedelta(hours=2)
    disable(SINK, first)
    disable(SINK, first + timedelta(hours=1))
    assert SinkCursor.objects.get().lose_until == first + timedelta(hours=1)
    assert ExportAct.objects.count() == 2


def test_what_the_blob_sink_gives_up_is_files(company, today, root):
    store(company, today, lines(1, 2))
    drain(root)
    take_over("blob")
    ExportFile.objects.update(sealed_at=Now())
    assert disabling.at_stake("blob", _now() - timedelta(hours=1)).lines == 0
    stake = disabling.at_stake("blob", _now() + timedelta(seconds=5))
    assert (stake.lines, stake.bytes) == (2, ExportFile.objects.get().size)


def test_enabling_goes_on_where_the_sink_stood_and_says_with_what(company, today):
    take_over(SINK, Stream(company.pk, "S"))
    disable(SINK, _now())
    store(company, today, lines(1))
    told = []
    assert enable_action.run(told.append, sink=SINK, who="bob") == 0
    recorded_at = ExportBlock.objects.get().recorded_at
    assert told == [
        f"{SINK} is enabled and goes on after xid 0, block 0, "
        f"with what was recorded at {recorded_at}"
    ]
    row = SinkCursor.objects.get()
    assert (row.is_enabled, row.lose_until) == (True, None)
    assert ExportAct.objects.filter(act="sink enabled", who="bob").exists()
    with pytest.raises(DisablingRefused, match="is enabled"):
        enable(SINK)


def test_enabling_names_the_days_that_were_dropped_meanwhile_once(company):
    take_over(SINK, Stream(company.pk, "S"))
    disable(SINK, _now())
    for day, count in (("2026-10-02", 40), ("2026-10-01", 60)):
        detail = {"day": day, "given_up": {SINK: count, "hub/demo/M": 7}}
        ExportAct.objects.create(act="partition dropped", subject=day, who="x", detail=detail)
    told = []
    enable_action.run(told.append, sink=SINK, who="bob")
    assert told[1] == "100 lines of 2026-10-01 to 2026-10-02 were dropped while it was given up"
    disable(SINK, _now())
    assert enable(SINK).lost_lines == 0
