"""Outages: which there are and were, how one went, whom it reaches, what days came to."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from listeners.api import told
from listeners.api.asked import CustomerFilters, DaysAsked, OutageFilters
from listeners.outage_store import figures, records
from workorders.api.access import COMPANY, company_of
from workorders.api.answering import FAULTS, OF_COMPANY, asked


class Outages(APIView):
    """The outages of the company."""

    @extend_schema(
        operation_id="list_outages",
        parameters=[OutageFilters],
        responses={200: told.OutagesTold, **FAULTS},
    )
    def get(self, request: Request) -> Response:
        """Newest first. What is out now: `?state=open`; at their level: `&level=transformer`."""
        company, filters = company_of(request).pk, _filters(OutageFilters, request)
        limit = filters.pop("limit")
        found = records.page(company, filters, limit)
        following = _next(found, limit, "outage")
        around = {
            "storm_since": records.storm_since(company),
            "suspected": records.suspected(company),
        }
        return Response({**around, "outages": found, "next": following})


class Outage(APIView):
    """One outage."""

    @extend_schema(
        operation_id="show_outage",
        parameters=[OF_COMPANY],
        responses={200: told.OutageWithTimeline, **FAULTS},
    )
    def get(self, request: Request, outage: int) -> Response:
        """All that is known of it, its timeline, and the bellwethers that were asked."""
        found = records.one(company_of(request).pk, outage)
        if found is None:
            raise _no_outage(outage)
        return Response(found)


class Customers(APIView):
    """Whom one outage reaches."""

    @extend_schema(
        operation_id="list_outage_customers",
        parameters=[CustomerFilters],
        responses={200: told.CustomersTold, **FAULTS},
    )
    def get(self, request: Request, outage: int) -> Response:
        """Its meters with their PODs and times; those of a merged outage stand at its parent."""
        company, filters = company_of(request).pk, _filters(CustomerFilters, request)
        found = records.customers(company, outage, **filters)
        if found is None:
            raise _no_outage(outage)
        following = _next(found, filters["limit"], "interruption")
        return Response({"customers": found, "next": following})


class Days(APIView):
    """Figures per day."""

    @extend_schema(
        operation_id="list_outage_days",
        parameters=[DaysAsked],
        responses={200: told.DaysTold, **FAULTS},
    )
    def get(self, request: Request) -> Response:
        """Customers x minutes and the indices of IEEE 1366, per civil day of the company."""
        company, span = company_of(request).pk, _filters(DaysAsked, request)
        return Response({"days": figures.of_days(company, **span)})


def _filters(fields: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    filters = asked(fields, request.query_params.dict())
    filters.pop(COMPANY, None)
    return filters


def _next(found: Sequence[dict[str, Any]], limit: int, name: str) -> int | None:
    return found[-1][name] if len(found) == limit else None


def _no_outage(outage: int) -> NotFound:
    return NotFound(f"you have no outage {outage} - list yours at /api/v1/outages/")
