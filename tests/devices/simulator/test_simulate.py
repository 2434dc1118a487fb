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
from devices.protocol.axdr import I8
from devices.protocol.objects import DISCONNECT_CONTROL
from devices.simulator.holdings import Holdings
from devices.simulator.population import Fleet, Meter
from tests.devices.simulator.client import connected, management, of_meter

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


def test_a_killed_field_goes_on_with_what_orders_have_done(tmp_path):
    state, meter = tmp_path / "state", FLEET.concentrator(0).meters[0]
    for expected in (1, 0):
        ready = tmp_path / f"ready{expected}"
        process = simulate("--seed", 4, "--concentrators", 3, "--meters", 5, "--ports", 0,
                           "--plc-factor", 0, "--ready-file", ready, "--state", state)  # fmt: skip
        with process:
            try:
                wait_for(ready, process)
                address = json.loads(ready.read_text())[FLEET.concentrator(0).serial]
                assert asyncio.run(opened_breaker(address, meter)) == expected
            finally:
                process.kill()
    held = Holdings.read(state).meter(meter)
    assert held.executions == {"0": {"70·0.0.96.3.10!1": 2}}


async def opened_breaker(address: tuple[str, int], meter: Meter) -> int:
    """The control state before."""
    async with connected(address, of_meter(meter)) as asker:
        await asker.associate()
        before = await asker.get(DISCONNECT_CONTROL.attribute(3))
        await asker.exchange(asker.connection.action(DISCONNECT_CONTROL.method(1), I8(0)))
        return before


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--concentrators", 0), "choose 1 to"),
        (("--zone", "Mars/Olympus"), "Mars/Olympus"),
        (("--cycle-scale", 0), "give 1 or more"),
        (("--outages", -1), "give seconds"),
        (("--faults", "/nowhere/faults.json"), "write {serial"),
    ],
)
def test_wrong_arguments_are_named(arguments, complaint):
    process = simulate(*arguments, "--ports", 0)
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert complaint in error.decode()
