"""What every log line passes: UTC time stamps, and no password inside an address."""

import logging
import re
import time
from collections.abc import Callable

PASSWORD_IN_URL = re.compile(r"(?P<before>\w+://[^\s:/@]*:)[^\s@]+(?=@)")


class UtcFormatter(logging.Formatter):
    """``2026-06-10T12:00:00.123Z``."""

    converter: Callable[[float | None], time.struct_time] = time.gmtime
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"


class RedactPasswords(logging.Filter):
    """Blots out the password of any address in a message; broker and database errors carry them."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        redacted = PASSWORD_IN_URL.sub(r"\g<before>***", message)
        if redacted != message:
            record.msg, record.args = redacted, None
        return True
