"""What the three orders that move a breaker share (companion profile 4.2, 5.1)."""

from collections.abc import Mapping
from typing import Any

from devices.drivers.duties import Breaker

MOVERS = frozenset({"disconnect", "reconnect", "reduce"})
"""A newer one of these replaces an older one of the same meter (003 6.4, 3.31.17.41)."""

DISCONNECTED, CONNECTED, READY = 0, 1, 2


_STATES = {"disconnect": 0, "reconnect": 100}


def state_after(kind: str, parameters: Mapping[str, Any]) -> int | None:
    """The breaker in percent once an order of this kind was carried out; None: not moved by it."""
    return int(parameters["percent"]) if kind == "reduce" else _STATES.get(kind)


def is_at_contract(breaker: Breaker) -> bool:
    """The limit lets the whole contract power pass."""
    return breaker.normal == breaker.contract


def is_restored(breaker: Breaker) -> bool:
    """Closed, with the limit at contract."""
    return breaker.control == CONNECTED and is_at_contract(breaker)


def is_reconnected(breaker: Breaker) -> bool:
    """Restored, or ready: then only the customer's button is missing (profile 5.1)."""
    return breaker.control == READY or is_restored(breaker)
