"""What a hub does to us, as a closed set, told without secrets."""

from azure.eventhub.exceptions import EventDataSendError

from hes.domain.errors import HesError
from hes.lib.logs import redacted

LONGEST = 280

# Conditions of a refusal that speak of the service or of us, not of what was sent; the SDK gives
# them without the part before the first colon (AMQP 1.0 2.8.15 to 2.8.18; Event Hubs exceptions).
OF_THE_SERVICE = frozenset(
    {
        *("server-busy", "timeout", "operation-cancelled", "internal-error", "entity-disabled"),
        *("not-found", "resource-deleted", "resource-locked", "resource-limit-exceeded"),
        *("unauthorized-access", "illegal-state", "partition-not-owned", "publisher-revoked"),
    }
)
OURS = frozenset({"", "client-error", "unknown-error", "socket-error"})  # the SDK's own words
OVERSIZE = "link:message-size-exceeded"


class Unavailable(HesError):
    """The hub does not take anything now: wait, then go on.

    With a new client, unless `is_answer`: a service that says so is well connected.
    """

    def __init__(self, reason: str, is_answer: bool = False) -> None:
        super().__init__(reason)
        self.is_answer = is_answer


class Rejected(HesError):
    """The hub takes this batch of `count` messages not for what it holds; `is_final`: never."""

    def __init__(self, reason: str, count: int, is_final: bool = False) -> None:
        super().__init__(reason)
        self.count = count
        self.is_final = is_final


def told(fault: BaseException) -> str:
    """The fault in one line, without keys, tokens and signatures."""
    text = " ".join(str(fault).split()) or type(fault).__name__
    return redacted(text)[:LONGEST]


def of_sdk(fault: Exception, count: int) -> Unavailable | Rejected:
    """What the failure of sending `count` messages means.

    A refusal arrives as EventDataSendError with the condition of the disposition; a batch above
    the size of the link as the loss of that link.
    """
    condition = getattr(fault, "error", None) or ""
    is_answer = isinstance(fault, EventDataSendError) and condition not in OURS
    if condition == OVERSIZE or (is_answer and not _is_of_the_service(condition)):
        return Rejected(told(fault), count)
    return Unavailable(f"{type(fault).__name__}: {told(fault)}", is_answer)


def _is_of_the_service(condition: str) -> bool:
    return ":" in condition or condition in OF_THE_SERVICE
