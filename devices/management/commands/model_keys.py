"""`hes model-keys MODEL`: its public keys, from a file or asked for, and never shown."""

from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from devices import model_keys
from devices.choices import SecretRole
from devices.meter_models import ensure_meter_models
from devices.models import MeterModel
from hes.domain.errors import HesError


class Command(BaseCommand):
    """Stores guek, gak and master that every new meter of the model holds."""

    help = "Load the public keys of a meter model: hes model-keys CERM1 --file cerm1.keys"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", help="code of the meter model, as CERM1")
        parser.add_argument(
            "--file",
            type=Path,
            help="three lines: guek=, gak=, master= and 32 digits (default: ask)",
        )
        parser.add_argument("--replace", action="store_true", help="in place of another set")

    def handle(self, *, model: str, file: Path | None, replace: bool, **_: object) -> None:
        found = _model(model)
        try:
            values = _asked() if file is None else model_keys.parse(file.read_text("utf-8"))
            has_changed = model_keys.store(found, values, replaces=replace)
        except (HesError, OSError, UnicodeDecodeError) as fault:
            raise CommandError(f"{model}: {_told(fault)}") from None
        state = "are stored" if has_changed else "were stored before"
        self.stdout.write(f"{model}: its public keys {state}")


def _model(code: str) -> MeterModel:
    ensure_meter_models()
    try:
        return MeterModel.objects.get(code=code)
    except MeterModel.DoesNotExist:
        known = ", ".join(MeterModel.objects.order_by("code").values_list("code", flat=True))
        raise CommandError(f"no meter model is called {code!r}; there are {known}") from None


def _asked() -> dict[SecretRole, bytes]:
    return {
        role: model_keys.value_of(name, getpass(f"{name} (not shown): "))
        for name, role in model_keys.NAMES.items()
    }


def _told(fault: Exception) -> str:
    """The text of a file that is no text might show what is in it."""
    return "the file is no UTF-8 text" if isinstance(fault, UnicodeDecodeError) else str(fault)
