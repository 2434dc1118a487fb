"""Shared access signatures: who may use which hub, and until when.

The signature is HMAC-SHA256 over the resource as it stands in the token, a newline and the expiry.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlsplit

KEY_NAME = "RootManageSharedAccessKey"


def connection_string(host: str, port: int, key: str, *, is_plain: bool) -> str:
    """What the SDK takes; it carries the key. With TLS the port has to be given apart."""
    place = f"Endpoint=sb://{host}:{port};SharedAccessKeyName={KEY_NAME}"
    emulator = ";UseDevelopmentEmulator=true" if is_plain else ""
    return f"{place};SharedAccessKey={key}{emulator}"


class BadToken(Exception):
    """The token is not accepted; the message never shows any of it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A path of the namespace ("" for all of it), open until a time in seconds since 1970."""

    path: str
    expires: float

    def covers(self, path: str, now: float) -> bool:
        """Whether something at or below the path may be used now."""
        return now < self.expires and (
            not self.path or f"{path.casefold()}/".startswith(f"{self.path}/")
        )


def check(token: str, key: str, now: float) -> Grant:
    """The grant of a token signed with our key; `BadToken` says why there is none."""
    scheme, _, rest = token.partition(" ")
    fields = dict(pair.split("=", 1) for pair in rest.split("&") if "=" in pair)
    if scheme != "SharedAccessSignature" or not fields.keys() >= {"sr", "sig", "se", "skn"}:
        raise BadToken("The token is not a shared access signature.")
    if unquote_plus(fields["skn"]) != KEY_NAME:
        raise BadToken("The token names an unknown key.")
    if not hmac.compare_digest(_signature(fields, key), unquote_plus(fields["sig"]).encode()):
        raise BadToken("The token has an invalid signature.")
    if not fields["se"].isdecimal() or int(fields["se"]) <= now:
        raise BadToken("The token has expired.")
    resource = urlsplit(unquote_plus(fields["sr"]))
    return Grant(resource.path.strip("/").casefold(), float(fields["se"]))


def _signature(fields: dict[str, str], key: str) -> bytes:
    signed = f"{fields['sr']}\n{fields['se']}".encode()
    return base64.b64encode(hmac.new(key.encode(), signed, hashlib.sha256).digest())
