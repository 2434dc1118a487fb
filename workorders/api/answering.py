"""Reading requests, and how a set of answers is told as a whole."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from workorders.api.access import COMPANY
from workorders.api.told import Fault, item
from workorders.requests import Submitted

FAULTS = {
    http: OpenApiResponse(Fault, text)
    for http, text in {
        400: "not understood: the text names the place",
        401: "not signed in",
        403: "not yours",
        404: "not found",
        413: "the body is too long",
        422: "refused",
        503: "busy: try again later",
    }.items()
}
OF_COMPANY = OpenApiParameter(COMPANY, str, description="its code; superusers must name it")


def asked(fields: type[Serializer[Any]], source: Any) -> dict[str, Any]:
    """The validated fields of a body or query. Raises ValidationError."""
    found = fields(data=source)
    found.is_valid(raise_exception=True)
    values: dict[str, Any] = found.validated_data
    return values


def body(fields: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """The validated body; an empty one counts as one without fields."""
    return asked(fields, request.data or {})


def each(answers: Sequence[Submitted]) -> Response:
    """201 something is new, 200 all was known, 207 some were refused, 422 all were."""
    told = {"items": [item(index, answer) for index, answer in enumerate(answers)]}
    refused = sum(1 for answer in answers if answer.rejected)
    if refused == len(answers):
        return Response(told, status.HTTP_422_UNPROCESSABLE_ENTITY)
    if refused:
        return Response(told, status.HTTP_207_MULTI_STATUS)
    known = all(answer.is_repeat for answer in answers)
    return Response(told, status.HTTP_200_OK if known else status.HTTP_201_CREATED)
