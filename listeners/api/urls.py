"""The addresses of outages below /api/v1/."""

from django.urls import path, register_converter

from listeners.api import views
from workorders.api.urls import OrderNumber


class OutageNumber(OrderNumber):
    """A number that an outage can have."""


register_converter(OutageNumber, "outage")

urlpatterns = [
    path("outages/", views.Outages.as_view()),
    path("outages/<outage:outage>/", views.Outage.as_view()),
    path("outages/<outage:outage>/customers/", views.Customers.as_view()),
    path("outage-days/", views.Days.as_view()),
]
