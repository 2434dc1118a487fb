"""Orders that a concentrator carries out as a job: posted, followed, found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.base import Busy, Refused
from devices.drivers.duties import By, Job, Post, ReadJobs
from tests.workorders.activities.orders.model import (
    MAC,
    ORDER,
    Loss,
    ModelDevice,
    carry_through,
    order,
    read_back,
)
from workorders.activities.orders.autodiscovery import AUTODISCOVERY
from workorders.activities.orders.base import NotDone
from workorders.activities.orders.meter_synchronisation import METER_SYNCHRONISATION
from workorders.activities.orders.outage_check import OUTAGE_CHECK
from workorders.activities.orders.wake_up import WAKE_UP

JOBS = [
    (OUTAGE_CHECK, 8, MAC, "3.26.17.16"),
    (METER_SYNCHRONISATION, 7, MAC, "3.7.31.24"),
    (WAKE_UP, 10, b"", ""),
    (AUTODISCOVERY, 6, b"", ""),
]
QUEUED, RUNNING, FAILED = 0, 1, 3


@pytest.mark.parametrize(("activity", "command", "mac", "code"), JOBS)
def test_a_job_carries_the_orders_number_and_is_followed_to_its_end(activity, command, mac, code):
    run = order(activity, ModelDevice())
    assert run.duties == [Post(command, ORDER, mac), ReadJobs()]
    assert (run.result.is_good, run.result.code, run.result.text) == (True, code, "OK")
    assert {duty.by for duty in run.duties} == {By.CONCENTRATOR}


@pytest.mark.parametrize("activity", [entry[0] for entry in JOBS])
def test_a_job_that_still_runs_is_left_to_a_read_back(activity):
    run = order(activity, ModelDevice(job_end=(RUNNING, 0)))
    assert isinstance(run.error, Busy)
    assert run.duties.count(ReadJobs()) == 20
    queued = ModelDevice(jobs={ORDER: Job(ORDER, 6, b"", QUEUED, 0)})
    assert isinstance(read_back(activity, queued).error, Busy)


@pytest.mark.parametrize("activity", [entry[0] for entry in JOBS])
@given(losses=st.lists(st.sampled_from([None, *Loss]), max_size=4))
def test_a_job_runs_once_whatever_is_lost(activity, losses):
    device = ModelDevice(losses=losses)
    assert carry_through(activity, device).is_good
    assert list(device.jobs) == [ORDER]


@pytest.mark.parametrize("activity", [entry[0] for entry in JOBS])
def test_a_job_that_is_not_listed_was_never_accepted(activity):
    others = ModelDevice(jobs={1: Job(1, 6, b"", 2, 0)})
    assert isinstance(read_back(activity, others).result, NotDone)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (21, "NODE NOT REACHABLE AGENT"),
        (40, "REPEATER 1 FAILURE"),
        (41, "REPEATER 2 FAILURE"),
        (42, "REPEATER 3 FAILURE"),
    ],
)
def test_a_silent_meter_is_a_finding_of_the_outage_check(code, reason):
    device = ModelDevice(job_end=(FAILED, code))
    for run in (order(OUTAGE_CHECK, device), read_back(OUTAGE_CHECK, device)):
        assert (run.result.is_good, run.result.code) == (True, "3.26.17.85")
        assert run.result.text == f"[OUTAGE_CHECK] [TB_ACK_{code}] {reason}"
        assert run.result.values == {"finding": code}


def test_another_failure_of_the_probe_is_an_error():
    result = order(OUTAGE_CHECK, ModelDevice(job_end=(FAILED, 104))).result
    assert (result.is_good, result.code) == (False, "3.26.17.85")


def test_a_meter_that_cannot_be_synchronised_fails_with_the_printed_text():
    result = order(METER_SYNCHRONISATION, ModelDevice(job_end=(FAILED, 21))).result
    assert (result.is_good, result.code) == (False, "3.0.0.79")
    assert result.text == "[SINCRO_METER_V2] [TB_ACK_21] NODE NOT REACHABLE AGENT"


def test_a_job_that_is_not_accepted_fails():
    refusal = Refused("[TB_ACK_111] UNAVAILABLE")
    run = order(WAKE_UP, ModelDevice(refuses={Post: refusal}))
    assert run.error is refusal
    assert run.duties == [Post(10, ORDER)]
