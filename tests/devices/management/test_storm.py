"""`hes simulate storm`: real datagrams over UDP, from the addresses of the concentrators."""

import socket
from collections import Counter
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from devices.protocol.spontaneous import Kind, Unparsed, decode

FLEET = ("--concentrators", "12", "--meters", "10")


@pytest.fixture
def ear():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        yield bound


def storm(ear, *arguments: str) -> str:
    out = StringIO()
    port = str(ear.getsockname()[1])
    call_command("simulate", "storm", *FLEET, "--at-once", "--to-port", port, *arguments,
                 stdout=out)  # fmt: skip
    return out.getvalue()


def heard(ear) -> list[tuple[bytes, str]]:
    found = []
    while True:
        try:
            raw, (host, _) = ear.recvfrom(512)
        except BlockingIOError:
            return found
        found.append((raw, host))


def test_a_dark_substation_is_told_by_its_four_concentrators(ear):
    told = storm(ear, "--dark", "SE-0002")
    assert told.startswith("8 of 8 datagrams left for 127.0.0.1:")
    sources = Counter((host, decode(raw).kind) for raw, host in heard(ear))
    kinds = Kind.CONCENTRATOR_OFF, Kind.CONCENTRATOR_ON
    assert sources == {(f"127.10.0.{n}", kind): 1 for n in (5, 6, 7, 8) for kind in kinds}


def test_lines_behind_a_transformer_are_told_meter_by_meter(ear):
    storm(ear, "--dark", "TR-00003", "--behind", "--ports", "0")
    kinds = Counter(decode(raw).kind for raw, _ in heard(ear))
    assert kinds == {Kind.METER_LOST: 10, Kind.METER_BACK: 10}


def test_a_bad_road_doubles_and_spoils(ear):
    storm(ear, "--dark", "RG-01", "--copies", "1", "--garbage", "1")
    found = heard(ear)
    assert len(found) == 12 * 2 * 3
    assert sum(isinstance(decode(raw), Unparsed) for raw, _ in found) == 24


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--dark", "TR-00013"], "as far as the fleet has them"),
        (["--losses", "1.5"], "--losses 1.5: give 0 to 1"),
        (["--lasts", "0"], "--lasts 0: give 1 to 86400"),
        (["--lasts", "86401"], "--lasts 86401: give 1 to 86400"),
        (["--to-port", "65536"], "--to-port 65536: give 1 to 65535"),
        (["--to", "listener.example"], "give an IPv4 address"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_leaves(ear, arguments, complaint):
    with pytest.raises(CommandError, match=complaint):
        storm(ear, *arguments)
    assert heard(ear) == []
