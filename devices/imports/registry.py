"""The known templates, one line each."""

from devices.imports.associations import Associations
from devices.imports.concentrators import Concentrators
from devices.imports.installations import Installations
from devices.imports.links import Links
from devices.imports.meters import Meters
from devices.imports.substations import Substations
from devices.imports.template import Template
from devices.imports.transformers import Transformers
from devices.imports.usage_points import UsagePoints
from hes.domain.errors import BadValue

TEMPLATES: tuple[Template, ...] = (
    UsagePoints(),
    Meters(),
    Links(),
    Substations(),
    Transformers(),
    Concentrators(),
    Installations(),
    Associations(),
)
_BY_NAME = {key: template for template in TEMPLATES for key in (template.number, template.name)}


def template_called(name: str) -> Template:
    """The template of a number ("2") or name ("meters"); raises BadValue listing all."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    known = ", ".join(f"{template.number} {template.name}" for template in TEMPLATES)
    raise BadValue(f"no template is called {name!r}", f"choose one of {known}")
