"""The console script."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from django.core.management import get_commands

from hes import cli


def hes(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hes.cli", *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [[], ["--help"], ["help"]])
def test_help_lists_every_command_on_one_line(arguments, capsys):
    assert cli.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    for entry in cli.ENTRIES:
        assert sum(line.split()[:1] == [entry.name] for line in lines) == 1


def test_an_unknown_command_is_answered_with_the_list(capsys):
    assert cli.main(["fly"]) == cli.USAGE_ERROR
    error = capsys.readouterr().err
    assert "unknown command: fly" in error
    assert "simulated fleet" in error


@pytest.mark.parametrize("command", ["migrate", "worker", "web", "export run"])
def test_a_command_without_a_database_names_both_remedies_and_shows_no_traceback(tmp_path, command):
    result = hes(*command.split(), HES_HOME=str(tmp_path))
    assert result.returncode == cli.USAGE_ERROR
    assert "hes demo" in result.stderr
    assert "set DATABASE_URL" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_bad_environment_is_told_in_lines_not_in_a_traceback(tmp_path):
    result = hes("check", HES_HOME=str(tmp_path), HES_ENV="moon", HES_DEBUG="perhaps")
    assert result.returncode == cli.USAGE_ERROR
    assert "HES_ENV: " in result.stderr
    assert "HES_DEBUG: " in result.stderr
    assert "Traceback" not in result.stderr


def test_help_speaks_of_a_command_by_the_name_people_type(tmp_path):
    result = hes("import", "--help", HES_HOME=str(tmp_path))
    assert result.stdout.startswith("usage: hes import ")


def test_a_command_of_django_works_too(tmp_path):
    result = hes("check", HES_HOME=str(tmp_path))
    assert result.returncode == 0, result.stderr


@pytest.mark.django_db
def test_migrate_runs_as_the_owner():
    result = hes("migrate", "--check", **{name: os.environ[name] for name in ADDRESSES})
    assert result.returncode == 0, result.stderr


ADDRESSES = ("HES_HOME", "DATABASE_URL", "OWNER_DATABASE_URL")


@pytest.mark.parametrize("entry", cli.ENTRIES, ids=lambda entry: entry.name)
def test_every_listed_command_exists(entry):
    if entry.function:
        assert find_spec(entry.function.partition(":")[0])
    else:
        assert (entry.command or entry.name) in get_commands()
