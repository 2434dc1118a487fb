"""A message that a hub refuses stands aside, is listed, and can be sent again under its id."""

import pytest

from devices.alarms import open_alarms
from integration.export.actions import dead_letters
from integration.export.actions.dead_letters import NoSuchLetter
from integration.export.sinks.event_hub.drain import drain_hubs
from integration.models import DeadLetter, ExportAct
from tests.integration.export.event_hub.serving import (
    cursor_of,
    events,
    first_ones,
    is_drained,
    received_lines,
    repeats,
    serving,
    stored_lines,
    wait_for,
)
from tests.integration.export.writers import lines, store

POISON = ";77;0;OK;"


def _alarms():
    return [(alarm.name, alarm.subject) for alarm in open_alarms()]


def _listed(**options):
    told = []
    assert dead_letters.run(told.append, **options) == 0
    return "\n".join(told)


def test_a_refused_message_is_parked_after_five_tries_while_the_rest_flows_in_order(
    company, today, hub, access, impatient
):
    hub.faults(reject=POISON)
    store(company, today, *(events(first, 50) for first in range(0, 400, 50)), kind="HPE")
    assert drain_hubs(15, access, impatient) == {"hes-hpe": 400}
    messages, wanted = hub.read("hes-hpe"), stored_lines(company, "HPE")
    poison = next(place for place, line in wanted.items() if POISON in line)
    assert received_lines(messages) == {k: v for k, v in wanted.items() if k != poison}
    assert repeats(messages) == 0
    for arrived in first_ones(messages).values():
        numbers = [int(line.split(";")[5]) for line in arrived]
        assert numbers == sorted(numbers)
    letter = DeadLetter.objects.get()
    assert letter.dedup_id == f"{poison[0]}:{poison[1]}+1"
    assert bytes(letter.body).decode() == wanted[poison] + "\n"
    assert letter.tries == 5
    assert "not allowed" in letter.reason
    assert _alarms() == [("dead_letter", "hub/demo/HPE")]


def test_a_parked_message_is_sent_again_when_asked_for_under_the_same_id(
    company, today, hub, access, impatient
):
    hub.faults(reject=POISON)
    store(company, today, events(70, 10), kind="HPE")
    with serving(access, impatient):
        wait_for(lambda: is_drained(company, "HPE"))
        letter = DeadLetter.objects.get()
        assert f"{letter.pk}  hub/demo/HPE  {letter.dedup_id}" in _listed()
        assert "1 to be sent again" in _listed(replay="all")
        wait_for(lambda: DeadLetter.objects.get().tries == 10)
        letter.refresh_from_db()
        assert (letter.asked_at, letter.sent_at) == (None, None), "refused again, it stays"
        assert _alarms() == [("dead_letter", "hub/demo/HPE")]
        hub.faults()
        assert "asked for" in _listed(replay=str(letter.pk))
        wait_for(lambda: not _alarms())
    letter.refresh_from_db()
    assert letter.sent_at is not None
    assert _listed() == "no message waits"
    assert received_lines(hub.read("hes-hpe")) == stored_lines(company, "HPE")
    acts = ExportAct.objects.filter(act="dead letter replay", subject="hub/demo/HPE")
    assert [act.detail["dedup_id"] for act in acts] == [letter.dedup_id] * 2


def test_a_line_larger_than_the_hub_takes_is_parked_at_once(company, today, hub, access, impatient):
    giant = f"00000000002;{'x' * 1_100_000};1;0;0.0.2;2026-06-10\n"
    store(company, today, lines(1) + giant + lines(3))
    with serving(access, impatient):
        wait_for(lambda: is_drained(company, "S"))
    received = received_lines(hub.read("hes-s"))
    assert list(received.values()) == [lines(1).strip(), lines(3).strip()]
    letter = DeadLetter.objects.get()
    assert (letter.tries, bytes(letter.body).decode()) == (1, giant)
    assert "size limit" in letter.reason
    assert cursor_of("S").lines == 3


@pytest.mark.parametrize("which", ["7", "seven", str(10**30)])
def test_only_what_waits_can_be_asked_for(today, which):
    with pytest.raises(NoSuchLetter, match=f"no message '{which}' waits"):
        _listed(replay=which)
    assert not ExportAct.objects.exists()
