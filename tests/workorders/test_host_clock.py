"""One wrong host must not move every clock in the field."""

import pytest

from workorders.host_clock import NtpState, ntp_state, objection

PROVEN, UNKNOWN = NtpState(synchronised=True, max_error=0.01), NtpState(False, 16.0)


@pytest.mark.parametrize("offset", [0.0, 1.9, -1.9])
def test_a_host_that_agrees_with_database_and_ntp_may_set_clocks(offset):
    assert objection(offset, 2, PROVEN, ntp_required=True) == ""


@pytest.mark.parametrize("offset", [2.1, -3600.0])
def test_a_host_away_from_the_database_may_not(offset):
    assert "from the database" in objection(offset, 2, PROVEN, ntp_required=False)


def test_a_host_never_compared_may_not():
    assert objection(None, 2, PROVEN, ntp_required=False)


def test_an_unproven_host_may_not_where_proof_is_required():
    assert "not synchronised" in objection(0.0, 2, UNKNOWN, ntp_required=True)
    assert "5.5 s wrong" in objection(0.0, 2, NtpState(True, 5.5), ntp_required=True)
    assert objection(0.0, 2, UNKNOWN, ntp_required=False) == ""


def test_a_doubtful_host_may_but_says_so(caplog):
    assert objection(0.0, 2, NtpState(True, 1.5), ntp_required=True) == ""
    assert "host clock may be 1.5 s wrong" in caplog.text


def test_the_kernel_answers():
    assert ntp_state().max_error >= 0
