"""Bodies as they come in: JSON of bounded size that the database can store."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.status import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from workorders.api.errors import JSON, TOO_LARGE, ApiError

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class BoundedJsonParser(BaseParser):
    """JSON in UTF-8 of at most `API_MAX_BODY` bytes, without NUL, lone surrogates and NaN."""

    media_type = JSON

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(settings.API_MAX_BODY + 1)
        if len(body) > settings.API_MAX_BODY:
            text = f"the body is over {settings.API_MAX_BODY:,} bytes - send fewer at once"
            raise ApiError(HTTP_413_REQUEST_ENTITY_TOO_LARGE, TOO_LARGE, text)
        try:
            return _parsed(body.decode())
        except (ValueError, RecursionError) as fault:
            raise ParseError(f"the body is no JSON that can be used: {_shown(fault)}") from None


def _parsed(text: str) -> Any:
    value = json.loads(text, parse_constant=_refuse)
    if "\\u" in text:  # only escapes can hold what UTF-8 and a text column cannot
        plain = json.dumps(value, ensure_ascii=False)
        plain.encode()
        if _NUL.search(plain):
            raise ValueError("a text holds the character NUL")
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _shown(fault: Exception) -> str:
    if isinstance(fault, UnicodeError):
        return "it is not UTF-8"
    return str(fault)[:200]
