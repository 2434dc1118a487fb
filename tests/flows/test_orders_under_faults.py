"""A short course of every scenario of `make faults`: real processes, seeds fixed.

One process runs them all on a PostgreSQL of its own that keeps what it has committed, because they
stop it; docs/faults.md says what is injected and what must hold.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCENARIOS = ("kills", "freezes", "postgres", "commits", "redis")
SEED = 3
PATIENCE = 900.0  # seconds, on a busy machine; alone it takes about 95


@pytest.fixture(scope="module")
def courses(tmp_path_factory) -> dict[str, dict]:
    """What each scenario injected, counted and found violated."""
    report = tmp_path_factory.mktemp("faults") / "report.json"
    argv = ["-m", "tests.faults", *SCENARIOS, "--short", f"--seed={SEED}", f"--json={report}"]
    names = ("DATABASE_URL", "OWNER_DATABASE_URL", "REDIS_URL", "HES_HOME")
    alone = {name: value for name, value in os.environ.items() if name not in names}
    ended = subprocess.run(
        [sys.executable, *argv], cwd=ROOT, env=alone, capture_output=True, timeout=PATIENCE
    )
    assert report.exists(), ended.stderr.decode()
    return {course["name"]: course for course in json.loads(report.read_text())}


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_done_twice_lost_or_wrong_whatever_is_harmed(courses, name):
    course = courses[name]
    assert course["violations"] == []
    assert sum(course["injected"].values()) >= 3
    assert course["counted"]["orders"] > 20
    assert course["counted"]["changes carried out"] > 10
    assert course["counted"]["executed twice"] == 0
