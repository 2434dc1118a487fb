"""`hes company CODE NAME`: a new utility with the profiles everybody starts with."""

from argparse import ArgumentParser

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from devices import defaults
from devices.models import Company
from hes.domain import identifiers
from hes.domain.errors import BadValue

STANDARD = "Standard"


class Command(BaseCommand):
    """Makes the company once; its procedure and spontaneous profile are called *Standard*."""

    help = "Make a company: hes company alice 'Alice Power' --time-zone America/Santiago"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("code", help="export folder and hub name: letters, digits, - and _")
        parser.add_argument("name", help="as people call it")
        parser.add_argument("--time-zone", default="UTC", help="IANA name, default %(default)s")
        parser.add_argument("--currency", default="CLP", help="ISO code, default %(default)s")

    def handle(self, *, code: str, name: str, time_zone: str, currency: str, **_: object) -> None:
        company = Company(code=code, name=name, time_zone=time_zone, currency=currency)
        try:
            company.name = identifiers.name(name)
            company.currency = identifiers.named_text("currency", currency, 3)
            company.full_clean()
        except ValidationError as faults:
            raise CommandError(_told(faults)) from None
        except BadValue as fault:
            raise CommandError(f"{name!r}: {fault}") from None
        company.save()
        defaults.procedure_profile(company, STANDARD)
        defaults.spontaneous_profile(company, STANDARD)
        self.stdout.write(f"{name} ({code}): profiles {STANDARD!r} are ready for template 7")


def _told(faults: ValidationError) -> str:
    return "; ".join(
        f"{field}: {' '.join(problems)}" for field, problems in faults.message_dict.items()
    )
