"""The status page, metrics, and health probes.

A probe says whether, never why: it answers strangers.
"""

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from hes import status as status_of_installation
from hes.metrics import exposition


@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers; touches nothing else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, else 503. The broker is not asked: work goes on without it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return JsonResponse({"status": "unavailable", "database": False}, status=503)
    return JsonResponse({"status": "ok", "database": True})


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What Prometheus scrapes; 503 when the database does not answer.

    It names sinks, companies' codes and processes to whoever asks: in production it is there only
    when HES_METRICS_PAGE says so; let nobody but the scraper reach it.
    """
    try:
        return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
    except Error:
        return HttpResponse("the database does not answer\n", "text/plain", status=503)


@never_cache
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Devices, visits, samples and files, for a person who looks."""
    return render(request, "status.html", _status_context())


@never_cache
@require_safe
def status_live(request: HttpRequest) -> HttpResponse:
    """The part of the status page that renews itself."""
    return render(request, "status_live.html", _status_context())


def _status_context() -> dict[str, object]:
    status = status_of_installation.read()
    return {"status": status, "visits_total": sum(status.outcomes.values())}
