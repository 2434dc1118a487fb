"""The guard of tests/conftest.py."""

import socket

import pytest


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.org", 80)])
def test_a_distant_host_is_refused(address):
    with socket.socket() as client, pytest.raises((AssertionError, ValueError), match=address[0]):
        client.connect(address)


def test_loopback_is_allowed():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
