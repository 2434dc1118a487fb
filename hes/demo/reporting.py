"""The demo's concentrators are told where to report, by the order that tells those of a utility."""

from devices.models import Company, Concentrator
from hes.demo.trouble import DemoError
from workorders import submission
from workorders.requests import Request

KIND = "concentrator_technical_configuration"
OUTAGE_EVERY = 600  # seconds between two small outages of the simulated field


def tell(company: Company) -> None:
    """Order the technical configuration of all; one that is as ordered already is left alone."""
    serials = Concentrator.objects.filter(company=company).values_list("serial_number", flat=True)
    answers = submission.submit(
        [
            Request(kind=KIND, company_id=company.pk, concentrator=serial, requested_by="demo")
            for serial in serials.order_by("serial_number")
        ]
    )
    for answer in answers:
        if answer.rejected:
            raise DemoError(f"no concentrator learns where to report: {answer.rejected}")
