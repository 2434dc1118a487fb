"""What `hes check` asks about the borders."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from devices.models import Company
from integration.export.messages.routes import CURE, refused_hubs


@register(Tags.database)
def hubs_belong_to_one_company(
    app_configs: Sequence[AppConfig] | None,
    databases: Sequence[str] | None = None,
    **_: Any,
) -> list[CheckMessage]:
    """An error for every set of companies that would send to the same hubs (design 8).

    Migrations run database checks too, as the owner: the name of a hub must not hold them up.
    """
    if not databases or settings.HES_ROLE == "owner" or not _has_companies(databases[0]):
        return []
    return [Error(f"the companies {shared}", hint=CURE, id="hes.E001") for shared in refused_hubs()]


def _has_companies(database: str) -> bool:
    return Company._meta.db_table in connections[database].introspection.table_names()
