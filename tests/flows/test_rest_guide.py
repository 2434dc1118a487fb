"""Every example of docs/rest.md is run against the real web server and answers as printed there."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.factories.callers import Caller
from tests.factories.ordered import fleet
from tests.factories.web import serving

pytestmark = pytest.mark.django_db(transaction=True)

GUIDE = Path(__file__).parents[2] / "docs/rest.md"
SHARED, *EXAMPLES = re.findall(
    r"```bash\n(.*?)```(?:\n\n```(?:json|text)\n(.*?)```)?", GUIDE.read_text(), re.DOTALL
)
PRINTED = 17  # the number of the first order


def fits(printed: Any, real: Any) -> bool:
    """The real answer says what is printed; numbers of orders and times may differ."""
    if isinstance(printed, dict):
        return all(name in real and fits(value, real[name]) for name, value in printed.items())
    if isinstance(printed, list):
        pairs = zip(printed, real, strict=False)
        return len(printed) == len(real) and all(fits(*pair) for pair in pairs)
    if printed == "..." or (isinstance(printed, str) and re.match(r"20\d\d-", printed)):
        return isinstance(real, str) and real != ""
    if printed in range(PRINTED, PRINTED + 5) and not isinstance(printed, bool):
        return isinstance(real, int) and real > 0
    return printed == real


def run(command: str, at: str, token: str) -> str:
    environment = os.environ | {"HES": at, "TOKEN": token}
    script = f"{SHARED[0]}\n{command}"
    return subprocess.run(
        ["bash", "-e", "-c", script], env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_the_examples_answer_as_printed(tmp_path):
    ada = Caller("ada", fleet().company)
    first = PRINTED
    assert len(EXAMPLES) > 6
    with serving(tmp_path) as (_, at):
        for command, printed in EXAMPLES:
            said = run(re.sub(rf"\b{PRINTED}\b", str(first), command), at, ada.token)
            if printed.startswith("retry"):
                assert f'"order": {first}, "kind": "reading", "state": "cancelled"' in said
                continue
            real = json.loads(said)
            assert fits(json.loads(printed), real), (command, real)
            if first == PRINTED and "items" in real:
                first = real["items"][0]["order"]
