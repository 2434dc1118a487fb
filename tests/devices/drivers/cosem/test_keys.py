"""Keys are handed over wrapped, and open the next association: driver and simulated field."""

import secrets
import stat
from dataclasses import replace

import pytest

from devices.drivers.base import KeysRefused, Refused
from devices.drivers.duties import (
    KeyId,
    KeyUse,
    MutualAuthentication,
    PostMeterKeys,
    ReadBreaker,
    ReadJobs,
    ReadMutualAuthentication,
    SetMutualAuthentication,
    TransferConcentratorKeys,
    TransferKeys,
    WrappedKey,
)
from devices.protocol.security import wrap_key
from tests.devices.drivers.cosem.simulated import (
    FIRST,
    METER,
    at_concentrator,
    field,
    keys_of,
    opened,
    performed,
)

NEW = {key: bytes([0xA0 + key]) * 16 for key in KeyId}
PAIR = KeyId.ENCRYPTION, KeyId.AUTHENTICATION
PUBLIC_MASTER = METER.public_keys[2]
K_MASTER = FIRST.secret("k2_password")


def wrapped(master, *keys):
    return tuple(WrappedKey(key, wrap_key(master, NEW[key])) for key in keys)


def new_pair(credentials):
    pair = (NEW[key] for key in PAIR)
    return replace(credentials, encryption_key=next(pair), authentication_key=next(pair))


async def breaker_by(running, credentials):
    session = await opened(running)
    try:
        async with session.meter(METER.mac, credentials) as line:
            return await line.perform(ReadBreaker())
    finally:
        await session.close()


async def test_new_keys_serve_from_the_next_association_and_the_old_ones_open_nothing():
    async with field() as running:
        await performed(running, TransferKeys(wrapped(PUBLIC_MASTER, *PAIR)), ReadBreaker())
        assert (await breaker_by(running, new_pair(keys_of(METER)))).control == 1
        with pytest.raises(KeysRefused, match="TB_ACK_145"):
            await breaker_by(running, keys_of(METER))


async def test_a_key_under_another_master_is_refused_and_none_of_them_is_taken():
    keys = (*wrapped(PUBLIC_MASTER, PAIR[0]), *wrapped(secrets.token_bytes(16), PAIR[1]))
    async with field() as running:
        with pytest.raises(Refused, match="TB_ACK_103"):
            await performed(running, TransferKeys(keys))
        assert (await breaker_by(running, keys_of(METER))).control == 1


async def test_the_next_keys_are_wrapped_under_the_master_that_was_handed_over():
    async with field() as running:
        await performed(running, TransferKeys(wrapped(PUBLIC_MASTER, KeyId.MASTER)))
        with pytest.raises(Refused, match="TB_ACK_103"):
            await performed(running, TransferKeys(wrapped(PUBLIC_MASTER, *PAIR)))
        await performed(running, TransferKeys(wrapped(NEW[KeyId.MASTER], *PAIR)))
        assert (await breaker_by(running, new_pair(keys_of(METER)))).control == 1


async def test_a_new_meter_holds_the_keys_of_its_model():
    async with field() as running:
        running.holdings.meter(METER).is_new = True
        guek, gak, _ = METER.public_keys
        public = replace(keys_of(METER), encryption_key=guek, authentication_key=gak)
        assert (await breaker_by(running, public)).control == 1


async def test_keys_outlive_a_restart_in_a_file_that_only_its_owner_reads(tmp_path):
    journal = tmp_path / "field.state"
    async with field(state=journal) as running:
        await performed(running, TransferKeys(wrapped(PUBLIC_MASTER, *PAIR)))
    async with field(state=journal) as running:
        assert (await breaker_by(running, new_pair(keys_of(METER)))).control == 1
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600


async def test_what_a_device_holds_stands_in_no_repr():
    async with field() as running:
        await performed(running, TransferKeys(wrapped(PUBLIC_MASTER, *PAIR)))
        held = running.holdings.meter(METER), running.device(FIRST.serial).node_keys(METER)
        told = repr(held).lower()
    assert NEW[KeyId.ENCRYPTION].hex() not in told
    assert repr(NEW[KeyId.ENCRYPTION])[2:-1].lower() not in told


async def test_a_concentrator_takes_keys_of_its_own():
    async with field() as running:
        session = await opened(running)
        await session.perform(TransferConcentratorKeys(wrapped(K_MASTER, *PAIR)))
        await session.status_word()  # the open association goes on under its keys
        await session.close()
        with pytest.raises(KeysRefused):
            await opened(running)
        assert running.device(FIRST.serial).key_holder().pair == tuple(NEW[key] for key in PAIR)


async def test_a_concentrator_learns_a_pair_as_next_and_drops_the_old_one():
    current = PostMeterKeys(1, METER.mac, KeyUse.CURRENT, wrapped(K_MASTER, *PAIR))
    following = PostMeterKeys(2, METER.mac, KeyUse.NEXT, wrapped(K_MASTER, *reversed(PAIR)))
    async with field() as running:
        await at_concentrator(running, current, following)
        known = running.holdings.concentrator(FIRST.serial).meter_keys[METER.mac.hex()]
        assert len(known) == 2
        await at_concentrator(running, PostMeterKeys(3, METER.mac, KeyUse.DROP_OLD))
        known = running.holdings.concentrator(FIRST.serial).meter_keys[METER.mac.hex()]
        assert known == [[NEW[key].hex() for key in PAIR]]


async def test_a_pair_under_a_master_that_is_not_the_concentrators_fails_as_a_job():
    post = PostMeterKeys(1, METER.mac, KeyUse.NEXT, wrapped(PUBLIC_MASTER, *PAIR))
    async with field() as running:
        _, jobs = await at_concentrator(running, post, ReadJobs())
        assert [(job.state, job.code) for job in jobs] == [(3, 145)]
        assert running.holdings.concentrator(FIRST.serial).meter_keys == {}


async def test_mutual_authentication_is_switched_on_and_its_secret_never_told():
    secret = wrap_key(K_MASTER, FIRST.secret("maa_password"))
    async with field() as running:
        before, _, after = await at_concentrator(
            running,
            ReadMutualAuthentication(),
            SetMutualAuthentication("ana", secret),
            ReadMutualAuthentication(),
        )
    assert (before, after) == (MutualAuthentication(False, ""), MutualAuthentication(True, "ana"))
    assert secret.hex() not in repr(SetMutualAuthentication("ana", secret)).lower()


@pytest.mark.parametrize("duty", [TransferKeys, TransferConcentratorKeys])
def test_no_key_stands_in_the_repr_of_a_duty(duty):
    keys = wrapped(K_MASTER, *KeyId)
    assert not any(repr(key.value)[2:-1] in repr(duty(keys)) for key in keys)
