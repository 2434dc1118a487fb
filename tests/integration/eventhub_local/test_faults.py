"""Fault switches: read again when they change, never a fault themselves."""

import pytest

from integration.eventhub_local.faults import CHECK_EVERY, Faults, FaultSwitches, parse


def test_without_a_file_all_is_well(tmp_path):
    assert FaultSwitches(None).now() == Faults()
    assert FaultSwitches(tmp_path / "none.json").now() == Faults()


def test_a_changed_file_takes_effect_at_the_next_check(tmp_path):
    path, time = tmp_path / "faults.json", [0.0]
    switches = FaultSwitches(path, lambda: time[0])
    assert switches.now() == Faults()
    path.write_text('{"busy": true, "round_trip_ms": 10}')
    assert switches.now() == Faults()
    time[0] += CHECK_EVERY
    assert switches.now() == Faults(busy=True, round_trip_ms=10)
    path.unlink()
    time[0] += CHECK_EVERY
    assert switches.now() == Faults()


def test_a_bad_file_is_told_and_changes_nothing(tmp_path, caplog):
    path, time = tmp_path / "faults.json", [0.0]
    switches = FaultSwitches(path, lambda: time[0])
    path.write_text('{"busy": true}')
    assert switches.now().busy
    path.write_text('{"bussy": true}')
    time[0] += CHECK_EVERY
    assert switches.now().busy
    assert "bussy" in caplog.text


@pytest.mark.parametrize("text", ["[]", "{", '{"busy": "yes"}', '{"reject": 5}', '{"x": 1}'])
def test_what_is_no_set_of_switches_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse(text)
