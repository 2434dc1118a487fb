"""Typed readers of the process environment.

Faults are collected, not raised one by one, so that a person who starts the system sees
everything that is wrong at once; `Environment.require_valid` raises them together.
"""

import base64
import binascii
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})


class ConfigurationError(ImproperlyConfigured):
    """The environment cannot be used; the message names each variable and its cure."""


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A PostgreSQL address; the password never shows in its repr."""

    name: str
    user: str = ""
    password: str = field(default="", repr=False)
    host: str = ""
    port: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)


def parse_database_url(text: str) -> DatabaseUrl:
    """Read ``postgres://user:password@host:5432/name?sslmode=require``.

    A socket folder is the query parameter ``host`` (``postgres://hes_app@/hes?host=/run/hes``).
    Every part may be percent-encoded. Raises ValueError; its message never repeats the text,
    which may hold a password.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("must begin with postgres:// (PostgreSQL is the only database)")
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise ValueError("names no database; write it after the host: postgres://user@host/hes")
    query = dict(parse_qsl(parts.query))
    return DatabaseUrl(
        name=name,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=query.pop("host", "") or unquote(parts.hostname or ""),
        port=parts.port,
        options=query,
    )


class Environment:
    """Reads one variable per call; a bad one is noted in `errors` and its default returned."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.errors: list[str] = []

    def fault(self, name: str, message: str) -> None:
        """Note that `name` is unusable; `message` says why and what to do."""
        self.errors.append(f"{name}: {message}")

    def require_valid(self) -> None:
        """Raise ConfigurationError naming all faults met so far."""
        if self.errors:
            raise ConfigurationError(
                "The environment is not usable:\n  " + "\n  ".join(self.errors)
            )

    def text(self, name: str, default: str = "") -> str:
        """The variable's text without surrounding blanks, or the default when unset or empty."""
        return self._values.get(name, "").strip() or default

    def flag(self, name: str, default: bool = False) -> bool:
        """1/true/yes/on or 0/false/no/off."""
        word = self.text(name, "on" if default else "off").lower()
        if word not in TRUE_WORDS | FALSE_WORDS:
            self.fault(name, "must be 1 or 0 (true, yes, on, false, no, off)")
        return word in TRUE_WORDS

    def integer(self, name: str, default: int, minimum: int = 0, maximum: int = 2**31) -> int:
        """A whole number within [minimum, maximum]."""
        text = self.text(name, str(default))
        if text.lstrip("-").isdecimal() and minimum <= int(text) <= maximum:
            return int(text)
        self.fault(name, f"must be a whole number from {minimum} to {maximum}")
        return default

    def address(self, name: str, default: str = "") -> str:
        """An IPv4 address; the default when unset."""
        text = self.text(name, default)
        try:
            return str(IPv4Address(text)) if text else ""
        except AddressValueError:
            self.fault(name, "must be an IPv4 address, as 10.0.1.36")
            return default

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """One of the allowed words."""
        word = self.text(name, default)
        if word in allowed:
            return word
        self.fault(name, f"must be one of {', '.join(allowed)}")
        return default

    def words(self, name: str) -> list[str]:
        """A comma-separated list, blanks dropped."""
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def networks(self, name: str) -> list[IPv4Network | IPv6Network]:
        """A comma-separated list of addresses and networks (10.0.1.36, 10.8.0.0/16)."""
        try:
            return [ip_network(word) for word in self.words(name)]
        except ValueError as fault:
            self.fault(name, f"must be networks separated by commas, as 10.8.0.0/16: {fault}")
            return []

    def path(self, name: str, default: Path) -> Path:
        """An absolute path; ``~`` is the home folder."""
        return Path(self.text(name, str(default))).expanduser().absolute()

    def secret(self, name: str) -> str:
        """A secret from `name`, or from the file named by ``<name>_FILE``; empty when unset.

        The file must not be readable by everybody.
        """
        file_name = self.text(f"{name}_FILE")
        if not file_name:
            return self.text(name)
        try:
            return read_private_file(Path(file_name))
        except (OSError, ValueError) as fault:
            self.fault(f"{name}_FILE", str(fault))
            return ""

    def database(self, name: str) -> DatabaseUrl | None:
        """A PostgreSQL address (a secret: also from ``<name>_FILE``), None when unset."""
        text = self.secret(name)
        if not text:
            return None
        try:
            return parse_database_url(text)
        except ValueError as fault:
            self.fault(name, str(fault))
            return None


def read_private_file(path: Path) -> str:
    """Text of a secret file without its line end; ValueError when everybody may read it."""
    if path.stat().st_mode & stat.S_IROTH:
        raise ValueError(f"{path} is readable by everybody; run: chmod 600 {path}")
    return path.read_text(encoding="utf-8").strip()


def parse_master_key(text: str) -> bytes:
    """The 32 bytes of a base64 key-encryption key; ValueError names the cure, never the key."""
    cure = "make one with: head -c 32 /dev/urandom | base64"
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"is not base64; {cure}") from None
    if len(key) != 32:
        raise ValueError(f"must be 32 bytes in base64, not {len(key)}; {cure}")
    if len(set(key)) < 12:
        raise ValueError(f"is not random; {cure}")
    return key
