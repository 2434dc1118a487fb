"""Datagrams out of real sockets."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from listeners.batches import HEAD, KEPT, Batch
from listeners.receiving import AT_ONCE, Receiver
from tests.factories.datagrams import BUFFER, HOST, SAMPLE, send


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with closing(Receiver(HOST, 0, BUFFER)) as opened:
        yield opened


def _raw(batch: Batch) -> list[bytes]:
    return [batch.raw(number) for number in range(len(batch.sizes))]


def test_an_empty_socket_gives_nothing(receiver):
    assert receiver.receive() is None


@pytest.mark.parametrize("size", [0, 1, HEAD - 1, HEAD, HEAD + 1, 1472, KEPT - 1, KEPT])
def test_every_byte_arrives(receiver, size):
    datagram = bytes(number % 251 for number in range(size))
    send(receiver.port, [datagram])
    batch = receiver.receive()
    assert batch.sizes == [size]
    assert _raw(batch) == [datagram]


@pytest.mark.parametrize("size", [KEPT + 1, 65_507])
def test_of_a_large_one_the_true_size_and_the_first_bytes_are_kept(receiver, size):
    datagram = bytes(number % 251 for number in range(size))
    send(receiver.port, [datagram])
    batch = receiver.receive()
    assert batch.sizes == [size]
    assert _raw(batch) == [datagram[:KEPT]]


def test_long_and_short_ones_do_not_mix(receiver):
    datagrams = [b"", b"a" * 100, b"b", b"c" * 3000, b"d" * HEAD, SAMPLE]
    send(receiver.port, datagrams)
    assert _raw(receiver.receive()) == [datagram[:KEPT] for datagram in datagrams]


def test_order_and_senders_are_kept_over_many_calls(receiver):
    wanted = [number.to_bytes(4, "big") for number in range(3 * AT_ONCE + 1)]
    source = send(receiver.port, wanted)
    batches = list(iter(receiver.receive, None))
    assert [len(batch.sizes) for batch in batches] == [AT_ONCE, AT_ONCE, AT_ONCE, 1]
    assert [raw for batch in batches for raw in _raw(batch)] == wanted
    name = socket.AF_INET.to_bytes(2, "little") + source.to_bytes(2, "big") + b"\x7f\0\0\1"
    assert batches[0].sources == (name + bytes(8)) * AT_ONCE


def test_the_buffer_that_was_granted_is_read_back():
    with closing(Receiver(HOST, 0, 100_000)) as receiver:
        assert receiver.granted == 100_000


def test_what_the_kernel_drops_is_counted():
    with closing(Receiver(HOST, 0, 16_384)) as receiver:
        send(receiver.port, [SAMPLE] * 1000)
        received = sum(len(batch.sizes) for batch in iter(receiver.receive, None))
        assert received < 1000
        assert receiver.drops() == 1000 - received
