"""What `make test` installs of Node is fixed by hash and says nothing of where it comes from."""

import json
from pathlib import Path

FOLDER = Path(__file__).parents[4] / "tools/azurite"


def test_every_package_is_fixed_by_hash_and_names_no_registry():
    text = (FOLDER / "package-lock.json").read_text()
    assert "://" not in text
    packages = json.loads(text)["packages"]
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    assert packages.pop("")["dependencies"] == wanted
    assert len(packages) > 300
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())


def test_nothing_of_it_runs_while_it_is_installed():
    assert "ignore-scripts=true" in (FOLDER / ".npmrc").read_text().splitlines()
