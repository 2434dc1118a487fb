"""Bytes of the objects that orders change (companion profile 4.2, 8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol.apdu import ActionRequest, SetRequest
from devices.protocol.axdr import I8, U32, U64, Enum, encode
from devices.protocol.objects import (
    ACCOUNT,
    DISCONNECT_CONTROL,
    LIMITER,
    TOKEN_GATEWAY,
    Account,
    DataObject,
    DisconnectControl,
    Limiter,
    Token,
    TokenGateway,
)

TRANSACTIONS, AMOUNTS = st.integers(0, 2**64 - 1), st.integers(-(2**31), 2**31 - 1)


def test_a_disconnection_is_the_profiles_bytes():
    method = DISCONNECT_CONTROL.method(DisconnectControl.DISCONNECT)
    request = ActionRequest(0xC1, method, encode(I8(0)))
    assert request.encode() == bytes.fromhex("C301C1004600006003 0AFF01010F00")


def test_a_limit_an_account_mode_and_a_job_are_written_by_their_types():
    limit = SetRequest(0xC1, LIMITER.attribute(Limiter.THRESHOLD_NORMAL), None, encode(U32(2_000)))
    assert limit.encode() == bytes.fromhex("C101C1 0047 0000110000FF 04 00 06 000007D0")
    mode = ACCOUNT.attribute(Account.MODE_AND_STATUS)
    prepaid = SetRequest(0xC1, mode, None, encode((Enum(2), Enum(2))))
    assert prepaid.encode() == bytes.fromhex("C101C1 006F 0000130000FF 02 00 0202 1602 1602")
    mailbox = DataObject.at("0.0.96.54.8").attribute(DataObject.VALUE)
    job = SetRequest(0xC1, mailbox, None, encode((U64(17), bytes.fromhex("860E240E995A"))))
    assert job.encode() == bytes.fromhex(
        "C101C1 0001 0000603608FF 02 00 0202 15 0000000000000011 0906 860E240E995A"
    )


def test_a_charge_is_thirteen_bytes():
    token = Token(transaction=0x0102030405060708, amount=-5_000).encode()
    assert token == bytes.fromhex("01 0102030405060708 FFFFEC78")
    enter = ActionRequest(0xC1, TOKEN_GATEWAY.method(TokenGateway.ENTER), encode(token))
    assert enter.encode()[:15] == bytes.fromhex("C301C1 0073 0000132800FF 01 01 090D")


@given(TRANSACTIONS, AMOUNTS)
def test_a_token_is_read_as_it_was_written(transaction, amount):
    token = Token(transaction, amount)
    assert Token.decode(token.encode()) == token


@pytest.mark.parametrize("raw", [b"", bytes(13), b"\x01" * 12, b"\x01" * 14, b"\x02" + bytes(12)])
def test_other_octets_are_no_token_of_ours(raw):
    assert Token.decode(raw) is None
