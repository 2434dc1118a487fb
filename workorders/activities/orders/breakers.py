"""What the three orders that move a breaker share (companion profile 4.2, 5.1)."""

from devices.drivers.duties import Breaker

MOVERS = frozenset({"disconnect", "reconnect", "reduce"})
"""A newer one of these replaces an older one of the same meter (003 6.4, 3.31.17.41)."""

DISCONNECTED, CONNECTED, READY = 0, 1, 2


def is_at_contract(breaker: Breaker) -> bool:
    """The limit lets the whole contract power pass."""
    return breaker.normal == breaker.contract


def is_restored(breaker: Breaker) -> bool:
    """Closed, with the limit at contract."""
    return breaker.control == CONNECTED and is_at_contract(breaker)


def is_reconnected(breaker: Breaker) -> bool:
    """Restored, or ready: then only the customer's button is missing (profile 5.1)."""
    return breaker.control == READY or is_restored(breaker)
