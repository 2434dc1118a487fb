"""The settings of a company: declared in `hes.domain.parameters`, changed in CompanySetting."""

from dataclasses import dataclass

from django.db import connection, transaction

from devices import audit
from devices.audit import Act
from devices.models import Company, CompanySetting
from hes.domain.parameters import PARAMETERS, Value
from hes.lib.person import person

CHANGE = "setting.change"


@dataclass(frozen=True, slots=True)
class Parameters:
    """All settings of one company with defaults filled in: read once per unit of work."""

    values: dict[str, Value]

    def number(self, name: str) -> int:
        """A whole number; a wrong name or type is a bug and raises."""
        value = self.values[name]
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} is not a number")
        return value

    def text(self, name: str) -> str:
        """A text."""
        return str(self.values[name])

    def flag(self, name: str) -> bool:
        """A yes or no."""
        return self.values[name] is True


def parameters_of(company_id: int) -> Parameters:
    """The effective settings of a company."""
    values = {name: parameter.default for name, parameter in PARAMETERS.items()}
    changed = CompanySetting.objects.filter(company_id=company_id).values_list("name", "value")
    values |= {name: PARAMETERS[name].parse(text) for name, text in changed if name in PARAMETERS}
    return Parameters(values)


def change(company: Company, name: str, text: str, who: str = "") -> None:
    """Set one parameter of a company; an unknown name or a wrong type raises ValueError.

    Some of them guard breakers and money: `who`, else who runs this process, stands in the audit.
    """
    if name not in PARAMETERS:
        known = ", ".join(sorted(PARAMETERS))
        raise ValueError(f"no setting is called {name!r}; there are {known}")
    PARAMETERS[name].parse(text)
    with transaction.atomic(), connection.cursor() as cursor:
        before = parameters_of(company.pk).text(name)
        CompanySetting.objects.update_or_create(
            company=company, name=name, defaults={"value": text}
        )
        told = f"{before} -> {text}"
        audit.note(cursor, Act(CHANGE, who or person(), company.pk, target=name, text=told))
