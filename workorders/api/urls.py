"""The addresses below /api/v1/."""

from django.urls import path, re_path, register_converter
from django.urls.converters import IntConverter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny

from workorders.api import order_views, other_views, streaming
from workorders.api.fields import LARGEST_ID


class OrderNumber(IntConverter):
    """A number that an order can have."""

    def to_python(self, value: str) -> int:
        number = int(value[:20])
        if number > LARGEST_ID:
            raise ValueError(value)
        return number


register_converter(OrderNumber, "order")

# The description tells nothing of any company: who writes a client reads it before he has a user.
_OPEN = {"permission_classes": [AllowAny], "authentication_classes": []}

urlpatterns = [
    path("work-orders/", order_views.Orders.as_view()),
    path("work-orders/preview/", order_views.Preview.as_view()),
    path("work-orders/events/", streaming.Ends.as_view()),
    path("work-orders/<order:order>/", order_views.Order.as_view()),
    *(
        path(f"work-orders/<order:order>/{name}/", view.as_view())
        for name, view in order_views.DECISIONS.items()
    ),
    path("order-kinds/", order_views.Kinds.as_view()),
    path("freezes/", other_views.Freezes.as_view()),
    path("freezes/on/", other_views.FreezeOn.as_view()),
    path("freezes/off/", other_views.FreezeOff.as_view()),
    path("breaker-states/", other_views.Breakers.as_view()),
    path("local-results/", other_views.LocalResults.as_view()),
    path("schema/", SpectacularAPIView.as_view(**_OPEN), name="api-schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api-schema", **_OPEN)),
    re_path("", other_views.Nothing.as_view()),
]
