"""The newcomer's commands, run as real processes with nothing but a home folder of their own."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from hes.demo.options import parse
from hes.demo.ports import free_port
from tests.factories.datagrams import SAMPLE, send
from tests.factories.processes import wait_until

OURS = (
    "DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "HES_HOME", "HES_ROLE",
    "HES_EVENTHUB_CONNECTION_STRING",
)  # fmt: skip
LINE = re.compile(rb"^[^;\"\n]+(;[^;\"\n]*)+$")
COLUMNS = {"S": 6, "M": 6, "DC": 11}


def environment(home: Path) -> dict[str, str]:
    """A shell in which nobody has set anything."""
    return {k: v for k, v in os.environ.items() if k not in OURS} | {"HES_HOME": str(home)}


def hes(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hes.cli", *arguments],
        env=environment(home), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def once(home: Path, *extra: str) -> dict[str, object]:
    summary = home / "summary.json"
    run = hes(home, "demo", "--once", "--concentrators", "2", "--meters", "3",
              "--json", str(summary), *extra)  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return json.loads(summary.read_text())


def sample_lines(home: Path) -> dict[str, list[bytes]]:
    """The lines of each sample kind, sorted, without header."""
    files = (home / "once" / "export" / "demo").glob("*.csv")
    lines = {file.name.split("_")[0]: file.read_bytes().splitlines()[1:] for file in files}
    return {kind: sorted(lines[kind]) for kind in COLUMNS}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.mark.parametrize(("until", "quarters"), [("2026-04-04", 100), ("2026-09-06", 92)])
def test_one_day_gives_exactly_its_lines_also_when_the_clock_changes(
    home: Path, until: str, quarters: int
) -> None:
    home.mkdir()
    summary = once(home, "--until", until)
    assert summary["quarters"] == {until: quarters}
    channels, lines = summary["channels"], summary["lines"]
    assert isinstance(channels, dict)
    assert isinstance(lines, dict)
    assert lines["S"] == channels["S"] * quarters
    assert lines["M"] == channels["M"] * quarters // 4
    assert lines["DC"] == channels["DC"]
    assert summary["visits"] == {"done": 2, "failed": 0}


def test_the_same_seed_gives_the_same_lines_twice_each_once_and_well_formed(home: Path) -> None:
    home.mkdir()
    once(home, "--until", "2026-06-10", "--days", "2")
    first = sample_lines(home)
    once(home, "--until", "2026-06-10", "--days", "2")
    assert sample_lines(home) == first
    for kind, lines in first.items():
        assert [line for line, count in Counter(lines).items() if count > 1] == []
        assert all(LINE.match(line) for line in lines)
        assert {line.count(b";") + 1 for line in lines} == {COLUMNS[kind]}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """The home and the summary of one day, for those who only look."""
    home: Path = tmp_path_factory.mktemp("day")
    return home, once(home, "--until", "2026-06-10")


def test_the_summary_names_files_that_are_as_it_says(day: tuple[Path, dict[str, object]]) -> None:
    home, summary = day
    files = summary["files"]
    assert isinstance(files, list)
    for file in files:
        content = (home / "once" / "export" / "demo" / file["name"]).read_bytes()
        assert (len(content), content.count(b"\n") - 1) == (file["bytes"], file["rows"])


def test_the_hubs_hold_the_messages_that_follow_from_the_blocks(
    day: tuple[Path, dict[str, object]],
) -> None:
    hubs, lines = day[1]["stream"], day[1]["lines"]
    assert isinstance(hubs, dict)
    assert {
        hub.removeprefix("hes-").upper(): found["lines"] for hub, found in hubs.items()
    } == lines
    for found in hubs.values():
        assert found["lines"] == found["block_lines"]
        assert found["messages"] - found["repeats"] == found["expected"]


@pytest.mark.parametrize(
    "arguments", [["--until", "10.06.2026"], ["--meters", "0"], ["--port", "x"]]
)
def test_wrong_arguments_are_explained(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parse(arguments)
    assert end.value.code == 2
    assert f"argument {arguments[0]}:" in capsys.readouterr().err


def test_a_day_that_is_not_over_is_refused_with_the_reason(home: Path) -> None:
    home.mkdir()
    run = hes(home, "demo", "--once", "--until", "2999-01-01")
    assert run.returncode == 1
    assert "give a past day" in run.stderr


def test_a_busy_port_gives_the_next_one_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        assert free_port(busy) > busy
    assert f"Port {busy} is taken" in capsys.readouterr().out


@contextlib.contextmanager
def running_demo(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, object]]]:
    """A live demo, until its announcement says it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hes.cli", "demo", "--port", "0", "--stream-port", "0",
         "--concentrators", "2", "--meters", "3"],
        env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process, announcement(home, process)
    finally:
        process.terminate()
        process.wait(60)


def announcement(home: Path, process: subprocess.Popen[bytes]) -> dict[str, object]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the demo ended"
        with contextlib.suppress(OSError, ValueError):
            facts: dict[str, object] = json.loads((home / "demo.json").read_text())
            if facts["ready"] and facts["pid"] == process.pid:
                return facts
        time.sleep(0.1)
    raise AssertionError("the demo does not become ready")


def processes_of(home: Path) -> list[str]:
    """Command lines of everything that runs with this home."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            environ = (entry / "environ").read_bytes() if entry.name.isdigit() else b""
            if f"HES_HOME={home}".encode() in environ.split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def _received(home: Path) -> int:
    told = json.loads(hes(home, "listeners", "status", "--json").stdout)
    return int(told["received"])


def test_a_demo_shows_its_lines_and_leaves_nothing_behind(home: Path) -> None:
    with running_demo(home) as (_, facts):
        assert (home / "demo.json").stat().st_mode & 0o777 == 0o600
        assert facts["home"] == str(home)
        page = page_with(str(facts["url"]), "S_")
        assert "2 reachable" in page
        beside = hes(home, "export", "status")
        assert "S_" in beside.stdout, beside.stderr
        assert ";" in hes(home, "tail", "hes-lpe", "--all").stdout
        stream = facts["stream"]
        assert isinstance(stream, dict)
        assert {"hes-s", "hes-hpe"} <= set(stream["hubs"])
        assert stream["connection_string"] not in page
        udp = facts["udp"]
        assert isinstance(udp, dict)
        send(udp["last_gasp"], [SAMPLE])
        wait_until(lambda: _received(home) > 0)
    assert processes_of(home) == []
    assert not (home / "demo.json").exists()


def test_a_killed_demo_leaves_no_process_and_the_next_one_starts(home: Path) -> None:
    with running_demo(home) as (process, _):
        process.send_signal(signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 15
        while processes_of(home) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert processes_of(home) == []
    with running_demo(home) as (_, facts):
        assert "Latest visits" in page_with(str(facts["url"]), "S_")


def page_with(url: str, text: str) -> str:
    """The page as soon as it shows `text`."""
    deadline = time.monotonic() + 60
    while True:
        with urllib.request.urlopen(url, timeout=5) as answer:
            page: str = answer.read().decode()
        if text in page:
            return page
        assert time.monotonic() < deadline, f"{text} does not appear"
        time.sleep(0.2)
