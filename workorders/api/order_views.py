"""Work orders: ask for them, look at them, decide about them."""

import inspect
from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_409_CONFLICT
from rest_framework.views import APIView

from devices.models import Company
from workorders import decisions, order_records, submission
from workorders.activities.orders.base import OrderActivity
from workorders.activities.orders.registry import ACTIVITIES
from workorders.api import told
from workorders.api.access import COMPANY, company_of, name_of
from workorders.api.answering import FAULTS, OF_COMPANY, asked, body, each
from workorders.api.asked import (
    Decision,
    Filters,
    OrderAsked,
    OrdersAsked,
    Resolution,
    request_of,
)
from workorders.api.errors import ApiError
from workorders.states import OrderState

SEVERAL = dict.fromkeys((200, 201, 207, 422), told.ItemsTold)


class Orders(APIView):
    """The orders of the company."""

    @extend_schema(
        operation_id="list_orders",
        parameters=[Filters],
        responses={200: told.PageTold, **FAULTS},
    )
    def get(self, request: Request) -> Response:
        """Newest first. Held orders and their reasons: `?state=held`."""
        company = company_of(request)
        filters = asked(Filters, request.query_params.dict())
        filters.pop(COMPANY, None)
        limit = filters.pop("limit")
        found = order_records.page(company.pk, filters, limit)
        more = found[-1]["order"] if len(found) == limit else None
        return Response({"orders": found, "next": more})

    @extend_schema(
        operation_id="submit_orders",
        request=OrdersAsked,
        parameters=[OF_COMPANY],
        responses={**FAULTS, **SEVERAL},
    )
    def post(self, request: Request) -> Response:
        """Submit one order or many: 201 new, 200 all known, 207 some refused, 422 all refused."""
        company, who = company_of(request), name_of(request)
        orders = body(OrdersAsked, request)["orders"]
        answers = submission.submit([request_of(order, company.pk, who) for order in orders])
        return each(answers)


class Preview(APIView):
    """One order before it is asked for."""

    @extend_schema(
        operation_id="preview_order",
        request=OrderAsked,
        parameters=[OF_COMPANY],
        responses={200: told.PreviewTold, **FAULTS},
    )
    def post(self, request: Request) -> Response:
        """What stands against it, and which orders it would replace; nothing is stored."""
        company, who = company_of(request), name_of(request)
        order = body(OrderAsked, request)["order"]
        return Response({"notes": submission.preview(request_of(order, company.pk, who))})


class Order(APIView):
    """One order."""

    @extend_schema(
        operation_id="show_order",
        parameters=[OF_COMPANY],
        responses={200: told.OrderWithHistory, **FAULTS},
    )
    def get(self, request: Request, order: int) -> Response:
        """All that is known of it, and every move it made."""
        found = order_records.one(company_of(request).pk, order)
        if found is None:
            raise _no_order(order)
        return Response(found)


def _decision(name: str, fields: type[Any], act: Callable[..., OrderState]) -> type[APIView]:
    """A view that decides about one order by `act(order, who, fields of the body)`."""

    class Deciding(APIView):
        @extend_schema(
            operation_id=f"{name}_order",
            description=inspect.getdoc(act) or "",
            request=fields,
            parameters=[OF_COMPANY],
            responses={200: told.StateTold, 409: told.Fault, **FAULTS},
        )
        def post(self, request: Request, order: int) -> Response:
            _must_be_of(company_of(request), order)
            said = body(fields, request)
            state = act(order, name_of(request), **said)
            return Response({"order": order, "state": state})

    return Deciding


def _cancel(order: int, who: str, reason: str) -> OrderState:
    """End an order, or the steps of a bundle, of which nothing was sent."""
    if not decisions.cancel(order, who, reason):
        text = f"order {order} is being sent or has ended: it is too late"
        raise ApiError(HTTP_409_CONFLICT, "5.2", text)
    return OrderState.CANCELLED


def _approve(order: int, who: str, reason: str) -> OrderState:
    """Let a held order go on; by another person than who asked for it."""
    return decisions.approve(order, who, yes=True, reason=reason)


def _refuse(order: int, who: str, reason: str) -> OrderState:
    """End a held order; by another person than who asked for it."""
    return decisions.approve(order, who, yes=False, reason=reason)


def _resolve(order: int, who: str, is_done: bool, reason: str) -> OrderState:
    """Say how an order ended that no read could tell (`waits_for_a_person`)."""
    return decisions.resolve(order, who, done=is_done, reason=reason)


DECISIONS = {
    "cancel": _decision("cancel", Decision, _cancel),
    "approve": _decision("approve", Decision, _approve),
    "refuse": _decision("refuse", Decision, _refuse),
    "resolve": _decision("resolve", Resolution, _resolve),
}


class Kinds(APIView):
    """What can be ordered."""

    @extend_schema(operation_id="list_kinds", responses={200: told.KindsTold, **FAULTS})
    def get(self, request: Request) -> Response:
        """Every kind, with its parameters in words."""
        return Response({"kinds": [_kind(activity) for activity in ACTIVITIES.values()]})


def _kind(activity: OrderActivity) -> dict[str, Any]:
    return {
        "kind": activity.kind,
        "printed": activity.printed,
        "target": activity.target,
        "is_commercial": activity.is_commercial,
        "is_guarded": activity.guarded,
        "is_read_back": activity.read_back is not None,
        "parameters": inspect.getdoc(activity.parse) or "",  # the parser's docstring tells them
    }


def _must_be_of(company: Company, order: int) -> None:
    if not order_records.is_of(company.pk, order):
        raise _no_order(order)


def _no_order(order: int) -> NotFound:
    return NotFound(f"you have no order {order} - list yours at /api/v1/work-orders/")
