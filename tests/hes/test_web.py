"""``hes web`` with the real server."""

import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from hes.lib.processes import ProcessIdentity
from tests.factories.web import address, serving


@pytest.mark.django_db(transaction=True)
def test_web_serves_the_probes_until_it_is_told_to_end(tmp_path):
    with serving(tmp_path) as (web, at):
        with urllib.request.urlopen(f"{at}/health/ready", timeout=10) as answer:
            assert answer.status == 200
        web.send_signal(signal.SIGTERM)
        assert web.wait(timeout=20) == 0
    assert ProcessIdentity.of(web.pid) is None


def test_a_command_that_names_its_parent_ends_with_it(tmp_path):
    log = tmp_path / "log"
    script = (
        f"HES_END_WITH_PARENT=$$ {sys.executable} -m hes.cli web --bind 127.0.0.1:0 & echo $!; wait"
    )
    environment = os.environ | {"HES_HOME": str(tmp_path)}
    with log.open("wb") as output:
        parent = subprocess.Popen(
            ["sh", "-c", script], stdout=subprocess.PIPE, stderr=output, env=environment
        )
    child = int(parent.stdout.readline())
    address(log)
    parent.kill()
    parent.communicate(timeout=20)
    deadline = time.monotonic() + 20
    while ProcessIdentity.of(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ProcessIdentity.of(child) is None
