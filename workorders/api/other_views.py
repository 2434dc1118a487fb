"""Beside the orders: the freeze switch, breakers as last known, reports of the field app."""

from typing import Any

from django.db.models import F, Q
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.models import Company
from workorders import breaker_states, freeze, local_results
from workorders.activities.orders.base import Rejected
from workorders.api import told
from workorders.api.access import company_of, name_of
from workorders.api.answering import FAULTS, OF_COMPANY, body, each
from workorders.api.asked import FreezeDecision, MetersAsked, ReportsAsked
from workorders.api.order_views import SEVERAL
from workorders.breaker_states import BreakerState
from workorders.local_reports import LocalReport
from workorders.models import Freeze

SHOWN = 20


class Freezes(APIView):
    """What stops disconnections and reductions of the company."""

    @extend_schema(
        operation_id="show_freezes",
        parameters=[OF_COMPANY],
        responses={200: told.FreezesTold, **FAULTS},
    )
    def get(self, request: Request) -> Response:
        """Whether the company is frozen, since when, by whom and why."""
        return Response(_freezes(company_of(request)))


class FreezeOn(APIView):
    @extend_schema(
        operation_id="freeze",
        request=FreezeDecision,
        parameters=[OF_COMPANY],
        responses={200: told.FreezesTold, **FAULTS},
    )
    def post(self, request: Request) -> Response:
        """Nothing of the company is disconnected or reduced from now on."""
        company = company_of(request)
        freeze.on(company.pk, name_of(request), **body(FreezeDecision, request))
        return Response(_freezes(company))


class FreezeOff(APIView):
    @extend_schema(
        operation_id="unfreeze",
        request=FreezeDecision,
        parameters=[OF_COMPANY],
        responses={200: told.FreezesTold, **FAULTS},
    )
    def post(self, request: Request) -> Response:
        """End the company's freezes; by another person than who began them."""
        company = company_of(request)
        if not freeze.off(company.pk, name_of(request), **body(FreezeDecision, request)):
            raise Rejected("5.2", "the company has no freeze of its own that could be ended")
        return Response(_freezes(company))


def _freezes(company: Company) -> dict[str, Any]:
    """The company's own freezes and those of all companies."""
    found = Freeze.objects.filter(Q(company=company) | Q(company=None))
    newest = found.order_by(F("ended_at").desc(nulls_first=True), "-pk")[:SHOWN]
    shown = [_freeze(each_of, company) for each_of in newest]
    return {"is_frozen": any(one["ended_at"] is None for one in shown), "freezes": shown}


def _freeze(found: Freeze, company: Company) -> dict[str, Any]:
    names = ("begun_at", "begun_by", "reason", "ended_at", "ended_by")
    code = company.code if found.company_id else None
    return {"company": code, **{name: getattr(found, name) for name in names}}


class Breakers(APIView):
    """Breakers without contact."""

    @extend_schema(
        operation_id="show_breaker_states",
        request=MetersAsked,
        parameters=[OF_COMPANY],
        responses={200: told.BreakersTold, **FAULTS},
    )
    def post(self, request: Request) -> Response:
        """The breakers of up to 10,000 meters as last known; no device is asked."""
        company = company_of(request)
        asked = body(MetersAsked, request)
        found = breaker_states.of(company.pk, asked["meters"], asked["pods"])
        return Response({"breakers": [_breaker(state) for state in found]})


def _breaker(found: BreakerState | Rejected) -> dict[str, Any]:
    if isinstance(found, Rejected):
        return {"code": found.code, "text": found.text}
    return {name: getattr(found, name) for name in BreakerState.__dataclass_fields__}


class LocalResults(APIView):
    """What the field app did."""

    @extend_schema(
        operation_id="report_local_results",
        request=ReportsAsked,
        parameters=[OF_COMPANY],
        responses={**FAULTS, **SEVERAL},
    )
    def post(self, request: Request) -> Response:
        """Report activities carried out at meters; each is stored by itself, and once."""
        company, who = company_of(request).pk, name_of(request)
        given = body(ReportsAsked, request)["results"]
        reports = [LocalReport(company, who, **fields) for fields in given]
        return each(list(local_results.record(reports)))


class Nothing(APIView):
    """Any other address below /api/v1/."""

    schema = None

    def initial(self, request: Request, *args: Any, **options: Any) -> None:
        super().initial(request, *args, **options)
        raise NotFound(f"nothing is at {request.path} - see /api/v1/docs/; addresses end with /")
