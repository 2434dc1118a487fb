"""What every log line passes: UTC time stamps, and nothing that opens anything."""

import logging
import re
import time
from collections.abc import Callable

# Passwords in addresses; keys, signatures and tokens of the cloud's services; JSON web tokens.
SECRETS = (
    re.compile(r"(?P<before>\w+://[^\s:/@]*:)[^\s@]+(?=@)"),
    re.compile(
        r"(?P<before>\b(?:sig|signature|(?:shared)?access(?:key|signature)|accountkey)="
        r"|SharedAccessSignature |Bearer )[^&;\s'\"]+",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<before>)eyJ[\w-]+\.[\w.-]+"),
)


def redacted(text: str) -> str:
    """The text with every secret of a known form blotted out."""
    for pattern in SECRETS:
        text = pattern.sub(r"\g<before>***", text)
    return text


class UtcFormatter(logging.Formatter):
    """``2026-06-10T12:00:00.123Z``."""

    converter: Callable[[float | None], time.struct_time] = time.gmtime
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"


class RedactSecrets(logging.Filter):
    """Blots secrets out of messages; errors of brokers, databases and clouds carry addresses."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = redacted(message)
        if clean != message:
            record.msg, record.args = clean, None
        return True
