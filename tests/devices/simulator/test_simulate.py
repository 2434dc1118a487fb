"""`hes simulate` as a process: ready file, one answer, clean end."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devices.protocol import events
from devices.simulator.population import Fleet
from tests.devices.simulator.client import connected, management

PATIENCE = 20
FLEET = Fleet.generate(seed=4, concentrators=3, meters=5)


def simulate(*arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "hes.cli", "simulate", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_what_the_ready_file_says_until_it_is_told_to_stop(tmp_path, ending):
    ready = tmp_path / "ready.json"
    process = simulate("--seed", 4, "--concentrators", 3, "--meters", 5, "--ports", 0,
                       "--ready-file", ready)  # fmt: skip
    with process:
        try:
            wait_for(ready, process)
            endpoints = json.loads(ready.read_text())
            assert set(endpoints) == {each.serial for each in FLEET.concentrators}
            asyncio.run(associate(*endpoints[FLEET.concentrator(1).serial]))
            process.send_signal(ending)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


async def associate(host: str, port: int) -> None:
    async with connected((host, port), management(FLEET.concentrator(1).keys)) as asker:
        assert isinstance(await asker.associate(), events.Associated)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--concentrators", 0), "choose 1 to"),
        (("--zone", "Mars/Olympus"), "Mars/Olympus"),
        (("--cycle-scale", 0), "give 1 or more"),
        (("--faults", "/nowhere/faults.json"), "write {serial"),
    ],
)
def test_wrong_arguments_are_named(arguments, complaint):
    process = simulate(*arguments, "--ports", 0)
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert complaint in error.decode()
