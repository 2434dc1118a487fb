"""Fixtures of every test: the database, and a network that ends at this host."""

import ipaddress
import socket
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management.commands import flush
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tests import database


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Replaces pytest-django's: `tests.database` says why."""
    assert connection.vendor == "postgresql", "tests run on PostgreSQL only"
    with django_db_blocker.unblock():
        database.create()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", lambda *_, **__: database.empty())
        yield
    with django_db_blocker.unblock():
        database.drop()


@pytest.fixture(autouse=True, scope="session")
def _passwords_are_quick() -> Iterator[None]:
    """One round instead of a million; a hash names its rounds, so any process can check it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "iterations", 1)
        yield


@pytest.fixture(autouse=True)
def _network_ends_at_this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but a Unix socket or loopback fails the test."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded_connect(self: socket.socket, address: object) -> None:
        _refuse_distant(self.family, address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: object) -> int:
        _refuse_distant(self.family, address)
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)


def _refuse_distant(family: int, address: object) -> None:
    if family == socket.AF_UNIX:
        return
    host = address[0] if isinstance(address, tuple) else address
    if host == "localhost" or ipaddress.ip_address(host).is_loopback:
        return
    raise AssertionError(f"tests reach nothing beyond this host, this one wanted {host}")
