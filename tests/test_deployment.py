"""The container files fit each other and the product; no container engine is needed to see that."""

import re
import subprocess

import pytest
import yaml

from hes import cli
from tests.source import PACKAGES, ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service.get("image") == "hes")


def test_compose_runs_every_process():
    assert {"db", "redis", "web", "worker", "beat", "exporter", "simulator"} <= set(SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_a_command_that_exists(name):
    assert SERVICES[name]["command"][0] in cli.BY_NAME


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_secrets_come_by_file_and_are_declared(name):
    service = SERVICES[name]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    for variable, value in service.get("environment", {}).items():
        if re.search("KEY|PASSWORD|DATABASE_URL", variable):
            assert variable.endswith("_FILE")
            assert value.removeprefix("/run/secrets/") in service["secrets"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_what_a_service_waits_for_can_report_itself(name):
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[needed]
        else:
            assert SERVICES[needed]["restart"] == "no"


def test_mounted_files_exist():
    mounts = [mount.split(":")[0] for mount in SERVICES["db"]["volumes"] if mount[0] == "."]
    assert mounts
    assert all((ROOT / mount).is_file() for mount in mounts)


def test_the_image_holds_everything_of_the_product():
    copied = set(re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    needed = {*PACKAGES, "templates", "static"}
    assert copied == {folder for folder in needed if (ROOT / folder).is_dir()}


def test_the_database_script_is_sound_shell():
    script = ROOT / "deploy" / "postgres" / "10-hes.sh"
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_requirements_are_pinned_by_hash_and_name_no_registry():
    text = (ROOT / "requirements.txt").read_text()
    assert "://" not in text
    assert "--find-links" not in text
    packages = re.findall(r"^([\w.-]+)==", text, re.MULTILINE)
    assert len(packages) > 40
    assert len(re.findall(r"^[\w.-]+==[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(
        packages
    )
