"""Keys handed over wrapped, to a meter or a concentrator (companion profile 2, 3.1, 3.4, 4.2)."""

from devices.drivers.cosem import objects
from devices.drivers.cosem.performing import Duties, Peer
from devices.drivers.cosem.text import text
from devices.drivers.duties import (
    KeyId,
    MutualAuthentication,
    PostMeterKeys,
    ReadMutualAuthentication,
    SetMutualAuthentication,
    TransferConcentratorKeys,
    TransferKeys,
)
from devices.protocol import expect
from devices.protocol.axdr import U8, U64, Enum
from devices.protocol.objects import SECURITY_SETUP, DataObject, SecuritySetup

MAILBOX = DataObject.at("0.0.96.54.5").attribute(DataObject.VALUE)
NO_KEY = b""
PAIR = KeyId.ENCRYPTION, KeyId.AUTHENTICATION


async def transfer(peer: Peer, duty: TransferKeys) -> None:
    """One ACTION: all of them are taken or none."""
    listed = [(Enum(each.key), each.value) for each in duty.keys]
    await peer.action(SECURITY_SETUP.method(SecuritySetup.KEY_TRANSFER), list(listed))


async def _post(peer: Peer, duty: PostMeterKeys) -> None:
    given = {each.key: each.value for each in duty.keys}
    pair = (given.get(key, NO_KEY) for key in PAIR)
    await peer.set_once(MAILBOX, (U64(duty.job), duty.mac, U8(duty.use), *pair))


async def _read_mutual(peer: Peer, _: ReadMutualAuthentication) -> MutualAuthentication:
    value = await peer.get(objects.MUTUAL_AUTHENTICATION)
    is_on, user, _secret = expect.structure(value, "mutual authentication", 3)
    return MutualAuthentication(
        expect.boolean(is_on, "mutual authentication"), text(expect.octets(user, "user"))
    )


async def _set_mutual(peer: Peer, duty: SetMutualAuthentication) -> None:
    value = True, duty.user.encode("ascii", "replace"), duty.secret
    await peer.set_once(objects.MUTUAL_AUTHENTICATION, value)


CONCENTRATOR_KEYS: Duties = {
    PostMeterKeys: _post,
    ReadMutualAuthentication: _read_mutual,
    SetMutualAuthentication: _set_mutual,
    TransferConcentratorKeys: transfer,
}
