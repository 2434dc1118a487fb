"""Settings as processes meet them: each case is a fresh process with its own environment."""

import base64
import logging
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from hes.lib.logs import RedactSecrets, redacted
from hes.settings import _broker_url

MANAGE = Path(__file__).parents[2] / "manage.py"


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(MANAGE), *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """A complete production environment."""
    return {
        "HES_ENV": "production",
        "HES_HOME": str(tmp_path),
        "HES_SECRET_KEY": secrets.token_urlsafe(64),
        "HES_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "HES_ALLOWED_HOSTS": "hes.example.org",
        "DATABASE_URL": "postgres://hes_app:canary-password@db/hes",
    }


def test_development_needs_no_variable_and_keeps_its_keys_private(tmp_path):
    home = tmp_path / "home"
    assert manage("check", HES_HOME=str(home)).returncode == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in home.iterdir()}
    assert modes == {"secret_key": 0o600, "master_key": 0o600}


def test_production_passes_the_deployment_check(production):
    result = manage("check", "--deploy", "--fail-level", "WARNING", **production)
    assert result.returncode == 0, result.stderr


def test_production_names_everything_that_is_missing_at_once(tmp_path):
    result = manage("check", HES_ENV="production", HES_HOME=str(tmp_path))
    assert result.returncode != 0
    for name in ("HES_SECRET_KEY", "HES_MASTER_KEY", "HES_ALLOWED_HOSTS", "DATABASE_URL"):
        assert f"{name}: " in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HES_SECRET_KEY", "short"),
        ("HES_SECRET_KEY", "django-insecure-" + "abcdefghijklmnopqrstuvwxyz" * 3),
        ("HES_SECRET_KEY", "x" * 80),
        ("HES_MASTER_KEY", "c2hvcnQ="),
        ("HES_MASTER_KEY", base64.b64encode(bytes(32)).decode()),
        ("HES_DEBUG", "1"),
        ("HES_ENV", "staging"),
        ("DATABASE_URL", "sqlite:///x"),
    ],
)
def test_production_refuses_a_weak_or_wrong_value(production, name, value):
    result = manage("check", **(production | {name: value}))
    assert result.returncode != 0
    assert f"{name}: " in result.stderr
    assert "canary-password" not in result.stderr


def test_the_owner_role_reads_its_own_address(production):
    result = manage("check", **(production | {"HES_ROLE": "owner"}))
    assert "OWNER_DATABASE_URL: is required" in result.stderr


def test_without_a_database_the_error_names_both_remedies(tmp_path):
    result = manage("showmigrations", HES_HOME=str(tmp_path))
    assert "hes demo" in result.stderr
    assert "set DATABASE_URL" in result.stderr


def test_a_redis_socket_is_spelled_celerys_way_and_none_reaches_nobody():
    assert _broker_url("unix:///run/s/redis") == "redis+socket:///run/s/redis"
    assert _broker_url("redis://host:6379/0") == "redis://host:6379/0"
    assert _broker_url("") == "memory://"


def test_a_password_in_an_address_never_reaches_the_log(caplog):
    record = logging.LogRecord(
        "kombu", logging.ERROR, "", 0, "cannot reach %s", ("redis://:canary@host/0",), None
    )
    assert RedactSecrets().filter(record)
    assert record.getMessage() == "cannot reach redis://:***@host/0"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://a/c?sp=cw&sig=canary%3D&se=2026", "https://a/c?sp=cw&sig=***&se=2026"),
        (
            "Endpoint=sb://x/;SharedAccessKey=canary=;y=1",
            "Endpoint=sb://x/;SharedAccessKey=***;y=1",
        ),
        ("AccountName=a;AccountKey=canary==", "AccountName=a;AccountKey=***"),
        ("put SharedAccessSignature canary&more", "put SharedAccessSignature ***&more"),
        ("Authorization: Bearer canary", "Authorization: Bearer ***"),
        ("token eyJhbGciOi.J9.canary is old", "token *** is old"),
        ("signature check of design= kept", "signature check of design= kept"),
    ],
)
def test_keys_signatures_and_tokens_are_blotted_out(text, clean):
    assert redacted(text) == clean


def test_the_stock_admin_is_not_installed():
    assert "django.contrib.admin" not in settings.INSTALLED_APPS
    assert "django.contrib.admin.apps.SimpleAdminConfig" in settings.INSTALLED_APPS
