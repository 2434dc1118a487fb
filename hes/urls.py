from django.conf import settings
from django.urls import include, path

from hes import views

API = ("listeners", "workorders")

urlpatterns = [
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
    # Work orders last: they answer for every address that nobody else has.
    path("api/v1/", include([path("", include(f"{app}.api.urls")) for app in API])),
]
if settings.METRICS_PAGE:
    urlpatterns += [path("metrics", views.metrics, name="metrics")]
if settings.STATUS_PAGE:
    urlpatterns += [
        path("", views.status, name="status"),
        path("live", views.status_live, name="status-live"),
    ]
