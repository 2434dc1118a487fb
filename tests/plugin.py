"""Starts a private PostgreSQL and Redis for the session, before Django reads its settings.

Loaded by ``-p tests.plugin`` (pyproject.toml). Every xdist worker starts its own: the horizon
behind which blocks are read spans a whole cluster, so in a shared one a test would wait for its
neighbour's transactions. HES_TEST_POSTGRES_BIN names other PostgreSQL programs
(``make test-pg15``).
"""

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from hes.embedded import EmbeddedServers

DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """A wrapper, because pytest-django reads the settings first thing inside this hook."""
    _start_servers(early_config)
    yield


def _start_servers(config: pytest.Config) -> None:
    home = Path(tempfile.mkdtemp(prefix="hes-test-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    servers = EmbeddedServers(home, durable=False, bin_dir=_other_programs())
    servers.start()
    config.add_cleanup(servers.stop)
    os.environ.update(servers.environment | {"HES_ENV": "development", "HES_ROLE": "app"})


def _other_programs() -> Path | None:
    folder = os.environ.get("HES_TEST_POSTGRES_BIN", "")
    if folder and not (Path(folder) / "initdb").exists():
        raise pytest.UsageError(f"HES_TEST_POSTGRES_BIN={folder} holds no initdb")
    return Path(folder) if folder else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On other programs only what asks the database is run: the rest cannot tell the difference.

    Nor can flows: what the processes in them say to the database has a test of its own.
    """
    if _other_programs() is None:
        return
    chosen = [item for item in items if _uses_the_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
    items[:] = chosen


def _uses_the_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    is_flow = "flows" in item.path.parts
    is_marked = item.get_closest_marker("django_db") or fixtures & DATABASE_FIXTURES
    return bool(is_marked) and not is_flow
