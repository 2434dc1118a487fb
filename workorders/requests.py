"""What is asked for, before it is an order: requests, their identity and their pure checks."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from workorders.activities.orders.base import OrderActivity, Rejected, Target
from workorders.activities.orders.registry import ACTIVITIES
from workorders.states import OrderState

NOT_TOLD = "a parameter of the order cannot be used"
TOO_OLD = timedelta(days=30)  # 003 6.6: "more than 1 month"


@dataclass(frozen=True, slots=True)
class Request:
    """One order asked for. `meter` and `concentrator` are serials, `pod` a usage point's name.

    With `steps` it is a bundle without kind: steps without a target of their own take its target.
    """

    kind: str
    company_id: int
    meter: str | None = None
    pod: str | None = None
    concentrator: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 4
    not_before: datetime | None = None
    expires_at: datetime | None = None
    bypass_retry: bool = False
    source: str = "cli"
    requested_by: str = ""
    external_system: str = ""
    outer_id: str = ""
    correlation_id: str = ""
    is_external: bool = False
    steps: tuple["Request", ...] = ()
    continue_on_error: bool = False

    def new_key(self) -> str:
        """The idempotency key: the caller's own id where there is one, else a fresh one."""
        if not self.outer_id:
            return str(uuid.uuid4())
        return key_of(self.company_id, self.source, self.external_system, self.outer_id)

    def fingerprint(self) -> str:
        """What is asked, hashed: the same key with another fingerprint is refused (2.15)."""
        text = json.dumps(_body(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def whole_steps(self) -> list["Request"]:
        """The steps with all that they take over from the bundle."""
        names = (
            *("company_id", "priority", "not_before", "expires_at", "bypass_retry", "source"),
            *("requested_by", "external_system", "correlation_id", "is_external"),
        )
        shared: dict[str, Any] = {name: getattr(self, name) for name in names}
        place = {"meter": self.meter, "pod": self.pod, "concentrator": self.concentrator}
        return [
            replace(step, **(shared if step.has_target() else shared | place))
            for step in self.steps
        ]

    def has_target(self) -> bool:
        """Whether it names a device or a POD."""
        return bool(self.meter or self.pod or self.concentrator)


class BadParameters(Rejected):
    """The kind refuses a parameter. Its text repeats what was given, so it is told and not kept."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a request: an order (of a bundle: its parent), or why there is none."""

    order_id: int | None = None
    rejected: Rejected | None = None
    state: OrderState | None = None
    hold_reason: str = ""
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request leads now, as found in the inventory; None: not found."""

    meter: int | None
    meter_company: int | None
    meter_state: str | None
    usage_point: int | None  # where the meter is installed
    named_point: int | None  # the POD that was named
    protected: bool
    concentrator: int | None  # the meter's
    named_concentrator: int | None
    named_company: int | None  # of the named concentrator
    concentrator_state: str = "initialised"  # of the named one, else of the meter's
    out_of_service: str = ""  # why no order may go to that concentrator


def key_of(company_id: int, source: str, external_system: str, outer_id: str) -> str:
    """The key of an order with a caller's own id; ids of several companies never meet (I12)."""
    return f"{company_id}:{source}:{external_system}:{outer_id}"


def activity_of(request: Request) -> OrderActivity:
    """The activity; an unknown kind is refused."""
    try:
        return ACTIVITIES[request.kind]
    except KeyError:
        known = ", ".join(sorted(ACTIVITIES))
        raise Rejected("2.9", f"no order is called {request.kind!r}; there are {known}") from None


def parsed(activity: OrderActivity, request: Request) -> dict[str, Any]:
    """The parameters as the kind understands them."""
    try:
        return activity.parse(request.parameters)
    except Rejected as refused:
        raise BadParameters(refused.code, refused.text) from refused


def kept_text(refused: Rejected) -> str:
    """Why a request was refused, as it may be kept: without values that may be secrets."""
    return NOT_TOLD if isinstance(refused, BadParameters) else refused.text


def check_times(request: Request, now: datetime) -> None:
    """Refuse what is asked for a time that is over."""
    begin, end = request.not_before, request.expires_at
    if begin and begin < now - TOO_OLD:
        raise Rejected("6.1", f"the requested date {begin:%Y-%m-%d} is more than a month old")
    if end and end <= now:
        raise Rejected("6.1", f"the order expired at {end:%Y-%m-%d %H:%M} UTC")
    if begin and end and begin >= end:
        raise Rejected("6.1", "the order would expire before it may begin")


def check_place(request: Request, activity: OrderActivity, place: Place) -> None:
    """Refuse a target that is unknown, of another company, contradictory or not in service."""
    if activity.target is Target.CONCENTRATOR:
        _check_concentrator(request, place)
    else:
        check_meter(request, place)
        _check_service(activity, place)
    if not 0 <= request.priority <= 9:
        raise Rejected("1.6", f"priority {request.priority}: write 0 to 9, 9 is first")


def _check_concentrator(request: Request, place: Place) -> None:
    if not request.concentrator:
        raise Rejected("1.6", f"{request.kind} is for a concentrator: name one")
    if place.named_concentrator is None:
        raise Rejected("2.30", f"no concentrator has the serial {request.concentrator}")
    if place.named_company != request.company_id:
        raise Rejected("7.5", f"concentrator {request.concentrator} is in use elsewhere")
    if place.out_of_service:
        raise Rejected("5.2", place.out_of_service)


def check_meter(request: Request, place: Place) -> None:
    """Refuse a meter that is unknown, of another company, or not where the request says."""
    if not (request.meter or request.pod):
        raise Rejected("1.6", f"{request.kind} is for a meter: name the meter or its POD")
    if request.meter and place.meter is None:
        raise Rejected("2.4", f"no meter has the serial {request.meter}")
    if request.meter and place.meter_company != request.company_id:
        raise Rejected("7.5", f"meter {request.meter} is in use elsewhere")
    if request.pod and place.named_point is None:
        raise Rejected("2.12", f"no POD is called {request.pod}")
    if place.meter is None:
        raise Rejected("2.12", f"no meter is installed at POD {request.pod}")
    if request.pod and place.named_point != place.usage_point:
        raise Rejected("2.13", f"meter {request.meter} is not installed at POD {request.pod}")
    if request.concentrator and place.named_concentrator != place.concentrator:
        raise Rejected("2.29", f"the meter is not under concentrator {request.concentrator}")


def _check_service(activity: OrderActivity, place: Place) -> None:
    """Technical orders are how a meter becomes commissioned: they need no commissioned meter."""
    wanted = ("commissioned",) if activity.is_commercial else ("commissioned", "installed")
    if place.meter_state not in wanted:
        raise Rejected("5.2", f"the meter is {place.meter_state}, not {' or '.join(wanted)}")
    if place.concentrator is None:
        raise Rejected("5.2", "the meter is under no concentrator: associate it first")
    if place.out_of_service:
        raise Rejected("5.2", place.out_of_service)
    if place.concentrator_state != "initialised":
        text = f"its concentrator is {place.concentrator_state}: order its technical configuration"
        raise Rejected("5.2", f"{text} first")


def _body(request: Request) -> dict[str, Any]:
    names = (
        *("kind", "company_id", "meter", "pod", "concentrator", "parameters", "priority"),
        *("not_before", "expires_at", "bypass_retry", "continue_on_error"),
    )
    body = {name: getattr(request, name) for name in names}
    return body | {"steps": [_body(step) for step in request.steps]}
