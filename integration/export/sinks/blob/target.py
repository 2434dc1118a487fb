"""Where sealed files are copied to: one container, opened by a signed address or an account key.

What opens it never shows: not in a repr, not in an error, and `scrub` takes it out of the texts of
others. Signature fields: Azure Storage, "Create a service SAS", sections "Specify permissions" and
"Specify the access policy" (`se` expiry, `sp` permissions, `sig` signature).
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qs, urlsplit

from azure.storage.blob import ContainerClient
from django.conf import settings

from hes.domain.errors import HesError
from hes.lib.logs import redacted

NEEDED = frozenset("cw")
SETTING = "HES_BLOB_CONTAINER_URL"
# What else may carry a secret in a text of the SDK or of the service.


class BadTarget(HesError):
    """The settings name no container that files could be copied to."""


@dataclass(frozen=True, slots=True)
class Target:
    """A container. `address` may be shown to anybody; `expires` is None where nothing tells."""

    address: str
    expires: datetime | None
    _open: Callable[..., ContainerClient] = field(repr=False)
    _secrets: frozenset[str] = field(repr=False)

    def client(self, **options: object) -> ContainerClient:
        """A client of the SDK; `options` are its own."""
        # It logs whole addresses, signature included, when it is asked for everything.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
        # Two lines for every request otherwise.
        logging.getLogger("azure.core.pipeline").setLevel(logging.WARNING)
        return self._open(**options)

    def scrub(self, text: str) -> str:
        """The text without anything that opens the container."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return redacted(text)


def configured() -> Target:
    """The container of the settings. Raises BadTarget."""
    if settings.BLOB_CONTAINER_URL:
        return from_url(settings.BLOB_CONTAINER_URL)
    return from_connection_string(settings.BLOB_CONNECTION_STRING, settings.BLOB_CONTAINER)


def from_url(url: str) -> Target:
    """A container by its address with a signature. Raises BadTarget, which shows neither."""
    return _target(SETTING, partial(ContainerClient.from_container_url, url))


def from_connection_string(text: str, container: str) -> Target:
    """A container of the account that the connection string opens. Raises BadTarget."""
    make = partial(ContainerClient.from_connection_string, text, container)
    return _target("HES_BLOB_CONNECTION_STRING", make, re.findall(r"(?i)AccountKey=([^;]+)", text))


def _target(setting: str, make: Callable[..., ContainerClient], keys: Sequence[str] = ()) -> Target:
    parts, name = _opened(setting, make)
    fields = parse_qs(parts.query)
    raw = re.findall(r"(?:^|&)sig=([^&]+)", parts.query)
    secrets = frozenset([*keys, *raw, *fields.get("sig", [])])
    if not parts.hostname or not name:
        raise BadTarget(f"{setting} names no container")
    if not secrets:
        raise BadTarget(f"{setting} carries no signature (?sv=...&sig=...) and no key")
    if parts.scheme != "https" and not _is_this_host(parts.hostname):
        raise BadTarget(f"{setting}: to {parts.hostname} only https, else anybody reads the secret")
    if "sp" in fields and not set(fields["sp"][0]) >= NEEDED:
        raise BadTarget(f"{setting} permits {fields['sp'][0]!r}: give it create (c) and write (w)")
    address = parts._replace(query="").geturl()
    return Target(address, _expiry(setting, fields), make, secrets)


def _opened(setting: str, make: Callable[..., ContainerClient]) -> tuple[SplitResult, str]:
    try:
        with make() as client:
            return urlsplit(client.url), client.container_name
    except (ValueError, TypeError, KeyError):  # their texts repeat the whole setting
        raise BadTarget(f"{setting} cannot be understood: copy it whole from the portal") from None


def _is_this_host(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _expiry(setting: str, fields: dict[str, list[str]]) -> datetime | None:
    if "se" not in fields:
        return None
    try:
        expires = datetime.fromisoformat(fields["se"][0])
    except ValueError:
        raise BadTarget(f"{setting} has an unreadable expiry (se): make a new signature") from None
    return expires if expires.tzinfo else expires.replace(tzinfo=UTC)
