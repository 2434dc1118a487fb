"""What a hub does to us, as a closed set, told without secrets."""

import re

from azure.eventhub.exceptions import EventHubError

from hes.domain.errors import HesError

SECRETS = re.compile(
    r"(sig=|SharedAccessKey=|SharedAccessSignature[= ]|Bearer )[^\s;'\"]+|eyJ[\w-]+\.[\w.-]+",
    re.IGNORECASE,
)
LONGEST = 280

# Conditions of a refusal that speak of the service or of us, not of what was sent; the SDK gives
# them without the part before the first colon (AMQP 1.0 2.8.15 to 2.8.18; Event Hubs exceptions).
OF_THE_SERVICE = frozenset(
    {
        *("server-busy", "timeout", "operation-cancelled", "internal-error", "entity-disabled"),
        *("not-found", "resource-deleted", "resource-locked", "resource-limit-exceeded"),
        *("unauthorized-access", "illegal-state", "partition-not-owned", "publisher-revoked"),
        *("client-error", "unknown-error", "socket-error"),
    }
)
OVERSIZE = "link:message-size-exceeded"


class Unavailable(HesError):
    """The hub does not take anything now: wait, then go on with a new client."""


class Rejected(HesError):
    """The hub takes this batch of `count` messages not for what it holds; `is_final`: never."""

    def __init__(self, reason: str, count: int, is_final: bool = False) -> None:
        super().__init__(reason)
        self.count = count
        self.is_final = is_final


def told(fault: BaseException) -> str:
    """The fault in one line, without keys, tokens and signatures."""
    text = " ".join(str(fault).split()) or type(fault).__name__
    return SECRETS.sub(lambda match: f"{match[1] or ''}...", text)[:LONGEST]


def of_sdk(fault: Exception, count: int) -> Unavailable | Rejected:
    """What the failure of sending `count` messages means.

    A refusal arrives as EventDataSendError with the condition of the disposition; a batch above
    the size of the link as the loss of that link.
    """
    condition = getattr(fault, "error", None) or ""
    if condition == OVERSIZE:
        return Rejected(told(fault), count)
    if _is_of_the_service(fault, condition):
        return Unavailable(f"{type(fault).__name__}: {told(fault)}")
    return Rejected(told(fault), count)


def _is_of_the_service(fault: Exception, condition: str) -> bool:
    is_refusal = isinstance(fault, EventHubError) and type(fault).__name__ == "EventDataSendError"
    return not is_refusal or ":" in condition or not condition or condition in OF_THE_SERVICE
