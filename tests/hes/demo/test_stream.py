"""The demo's own hub, or the one that the environment names."""

import os
from pathlib import Path

import pytest

from devices.models import Company
from hes.demo import stream
from hes.demo.announcement import STREAM

ELSEWHERE = "Endpoint=sb://elsewhere/;SharedAccessKeyName=x;SharedAccessKey=canary"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _company() -> None:
    Company.objects.create(name="Demo", code="demo")


def test_a_local_hub_serves_every_kind_and_its_address_reaches_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STREAM, "")
    flow = stream.prepare(tmp_path, 5999)
    assert os.environ[STREAM] == flow.connection_string
    assert flow.facts == {"connection_string": flow.connection_string, "hubs": list(flow.hubs)}
    assert len(flow.hubs) == 12
    [hub] = flow.children
    assert {f"--hub={name}" for name in flow.hubs} <= set(hub.argv)
    assert "canary" not in repr(flow)
    assert stream.prepare(tmp_path, 5999).connection_string == flow.connection_string


def test_a_hub_elsewhere_is_used_and_its_address_told_to_nobody(
    tmp_path: Path, settings: pytest.FixtureRequest
) -> None:
    settings.EVENT_HUB_CONNECTION_STRING = ELSEWHERE
    flow = stream.prepare(tmp_path, 5999)
    assert flow.children == []
    assert flow.facts["connection_string"] == ""
    assert "canary" not in repr(flow)


@pytest.mark.parametrize(
    ("lines", "messages", "complete"), [(10, 3, True), (9, 3, False), (10, 2, False)]
)
def test_a_hub_is_complete_with_every_line_in_the_expected_messages(
    lines: int, messages: int, complete: bool
) -> None:
    found = {"block_lines": 10, "expected": 2, "lines": lines, "messages": messages, "repeats": 1}
    assert stream.is_complete(found) is complete
