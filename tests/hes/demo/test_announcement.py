"""Commands beside a running demo find its servers; secrets of other servers are never written."""

import json
import os
from pathlib import Path

import pytest

from hes.demo.announcement import Announcement, join

EMBEDDED = {
    "DATABASE_URL": "postgres://hes_app@/hes?host=/tmp/s",
    "OWNER_DATABASE_URL": "postgres://hes_owner@/hes?host=/tmp/s",
    "REDIS_URL": "unix:///tmp/s/redis",
}
LOCAL = "Endpoint=sb://127.0.0.1:5672;SharedAccessKey=local"
PORTS = {"HES_WAKE_UP_PORT": "4001", "HES_LAST_GASP_PORT": "4002"}
STREAM_FACTS = {"connection_string": LOCAL, "hubs": ["hes-s"]}


@pytest.fixture
def announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in (EMBEDDED | PORTS).items():
        monkeypatch.setenv(name, value)
    Announcement(tmp_path, "http://127.0.0.1:1/", STREAM_FACTS).write(ready=True)
    return tmp_path


def test_a_command_joins_the_running_demo(announced: Path) -> None:
    environment: dict[str, str] = {}
    assert join(announced, environment)
    expected = EMBEDDED | {"HES_HOME": str(announced), "HES_EVENTHUB_CONNECTION_STRING": LOCAL}
    assert environment == expected | PORTS


def test_a_stream_that_is_named_wins(announced: Path) -> None:
    environment = {"HES_EVENTHUB_CONNECTION_STRING": "another"}
    assert join(announced, environment)
    assert environment["HES_EVENTHUB_CONNECTION_STRING"] == "another"


def test_the_ports_of_datagrams_are_announced_as_numbers(announced: Path) -> None:
    facts = json.loads((announced / "demo.json").read_text())
    assert facts["udp"] == {"wake_up": 4001, "last_gasp": 4002}


def test_servers_that_are_named_win(announced: Path) -> None:
    environment = {"DATABASE_URL": "postgres://other@/x"}
    assert not join(announced, environment)
    assert environment == {"DATABASE_URL": "postgres://other@/x"}


def test_a_demo_that_was_killed_is_not_joined(announced: Path) -> None:
    facts = json.loads((announced / "demo.json").read_text())
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    (announced / "demo.json").write_text(json.dumps(facts | {"pid": child}))
    assert not join(announced, {})


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}'])
def test_a_broken_file_is_no_demo(tmp_path: Path, content: str) -> None:
    (tmp_path / "demo.json").write_text(content)
    assert not join(tmp_path, {})


def test_addresses_of_real_servers_are_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://hes_app:canary@db/hes")
    Announcement(tmp_path, "http://127.0.0.1:1/", STREAM_FACTS).write(ready=False)
    file = tmp_path / "demo.json"
    assert "canary" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
