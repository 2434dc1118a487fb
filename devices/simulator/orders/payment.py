"""Account, credit and token gateway. A token counts only above the last accepted transaction."""

from devices.protocol import expect
from devices.protocol.axdr import I32, BitString, Data, Enum
from devices.protocol.errors import DataAccess
from devices.protocol.objects import Token
from devices.simulator.changes import NO_EFFECT, Outcome
from devices.simulator.objects import ObjectTree
from devices.simulator.orders.inside import Inside

ACCOUNT, CREDIT, GATEWAY = 111, 112, 115
ACCOUNT_NAME, CREDIT_NAME, GATEWAY_NAME = "0.0.19.0.0", "0.0.19.10.0", "0.0.19.40.0"
MODES, ACTIVE = (1, 2), 2
EXECUTED, FORMAT_FAILURE, VALIDATION_FAILURE = 3, 4, 6
CREDIT_RANGE = range(-(2**31), 2**31)
NO_DETAIL = BitString("00000000")


def install(tree: ObjectTree, inside: Inside) -> None:
    """Mode, amounts and thresholds in Wh; the last token received and what became of it."""
    held = inside.holding
    tree.value(ACCOUNT, ACCOUNT_NAME, 2, lambda: (Enum(held.mode), Enum(ACTIVE)))
    tree.change(ACCOUNT, ACCOUNT_NAME, 2, lambda value: _set_mode(inside, value))
    tree.value(ACCOUNT, ACCOUNT_NAME, 5, lambda: I32(held.credit))
    tree.value(CREDIT, CREDIT_NAME, 2, lambda: I32(held.credit))
    tree.value(CREDIT, CREDIT_NAME, 5, lambda: I32(held.warning))
    tree.value(CREDIT, CREDIT_NAME, 6, lambda: I32(held.limit))
    tree.change(CREDIT, CREDIT_NAME, 5, inside.integer("warning"))
    tree.change(CREDIT, CREDIT_NAME, 6, inside.integer("limit"))
    tree.value(GATEWAY, GATEWAY_NAME, 2, lambda: bytes.fromhex(held.token))
    tree.value(GATEWAY, GATEWAY_NAME, 3, lambda: inside.local.stamp(held.token_at))
    tree.value(GATEWAY, GATEWAY_NAME, 6, lambda: (Enum(held.token_status), NO_DETAIL))
    tree.method(GATEWAY, GATEWAY_NAME, 1, lambda value: _enter(inside, value))


def _set_mode(inside: Inside, value: Data) -> DataAccess:
    mode, _ = expect.structure(value, "account", 2)
    if expect.integer(mode, "mode") not in MODES:
        return DataAccess.OTHER_REASON
    inside.holding.mode = expect.integer(mode, "mode")
    return DataAccess.SUCCESS


def _enter(inside: Inside, value: Data) -> Outcome:
    """Success as soon as the token was received; its status says the rest (*assumed*)."""
    held, raw = inside.holding, expect.octets(value, "token")
    held.token, held.token_at = raw.hex(), inside.clock
    token = Token.decode(raw)
    if token is None or held.credit + token.amount not in CREDIT_RANGE:
        held.token_status = FORMAT_FAILURE
        return NO_EFFECT
    if token.transaction <= held.transaction:
        is_repeated = token.transaction == held.transaction
        held.token_status = EXECUTED if is_repeated else VALIDATION_FAILURE
        return NO_EFFECT
    held.token_status, held.transaction = EXECUTED, token.transaction
    held.credit += token.amount
    key = str(token.transaction)
    held.charges[key] = held.charges.get(key, 0) + 1
    return DataAccess.SUCCESS
