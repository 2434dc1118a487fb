"""Which hub takes which kind of which company, by the settings as they are now."""

from dataclasses import dataclass

from django.conf import settings

from devices.models import Company
from devices.outbox.layouts import HEADERS
from devices.parameters import parameters_of
from hes.domain.errors import HesError
from integration.export.cursor import Stream
from integration.export.messages.names import SharedHubs, hub_name, shared_hubs
from integration.export.messages.packing import Packing, packing_of

CURE = (
    "change `hub_names` of one of them (`hes settings`), or set HES_EVENTHUBS_MAY_BE_SHARED where "
    "everybody who reads that hub may see both"
)


class HubsShared(HesError):
    """Lines of several companies would meet in one hub (design 7: nothing crosses companies)."""


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of one company on its way to a hub; `company` is the code."""

    sink: str
    stream: Stream
    hub: str
    company: str
    packing: Packing


def routes() -> list[Route]:
    """Every company x kind. Raises HubsShared rather than let the hub of one take another's."""
    found = _all_routes()
    if shared := refused_hubs(found):
        raise HubsShared(f"nothing is sent to hubs: {'; '.join(map(str, shared))}: {CURE}")
    return found


def refused_hubs(found: list[Route] | None = None) -> list[SharedHubs]:
    """Hubs that several companies would use although no setting allows it."""
    if settings.EVENT_HUBS_MAY_BE_SHARED:
        return []
    return shared_hubs((route.company, route.hub) for route in found or _all_routes())


def _all_routes() -> list[Route]:
    companies = Company.objects.order_by("pk")
    return [
        route
        for place, company in enumerate(companies)
        for route in _routes_of(company, is_first=place == 0)
    ]


def _routes_of(company: Company, is_first: bool) -> list[Route]:
    wishes = parameters_of(company.pk)
    names, packing = wishes.text("hub_names"), wishes.text("hub_packing")
    return [
        Route(
            sink=f"hub/{company.code}/{kind}",
            stream=Stream(company.pk, kind),
            hub=hub_name(kind, company.code, is_first, names),
            company=company.code,
            packing=packing_of(kind, packing),
        )
        for kind in HEADERS
    ]
