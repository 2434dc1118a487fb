"""Parse identifiers as people and files write them; refuse what a spreadsheet broke.

Every parser takes text and returns the normalised value or raises BadValue with a cure.
"""

import re
from decimal import Decimal, InvalidOperation

from hes.domain.errors import BadValue

# With a sign or a fraction: `8,29614E+11`. `860214013E12` is a whole MAC address.
_BROKEN_BY_SPREADSHEET = re.compile(r"^[+-]?\d+([.,]\d+)?[eE][+-]\d+$|^\d+[.,]\d+[eE]\d+$")
_SERIAL = re.compile(r"^[0-9A-Za-z][0-9A-Za-z_\-./]{2,31}$")
_MAC = re.compile(r"^[0-9A-F]{12}$")
_KEY = re.compile(r"^[0-9A-Fa-f]{32}$")
_DECIMAL = re.compile(r"^[+-]?[0-9]{1,9}([.,][0-9]{1,12})?$")
# Also what some readers take for a line break: U+0085, U+2028, U+2029.
_FORBIDDEN = re.compile(r'[;"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]')
_FORMULA = re.compile(r"^[=@]|^[+-](?![0-9.,]*$)")
AS_TEXT = "format the column as text in the spreadsheet and export again"


def plain_text(text: str, limit: int = 200) -> str:
    """Text that may stand in an export line: no `;`, quote, line break or direction mark.

    What a spreadsheet would run as a formula is refused too, as the line may be opened in one.
    """
    value = text.strip()
    if len(value) > limit:
        raise BadValue(f"{len(value)} characters", f"shorten to {limit}")
    if _FORBIDDEN.search(value):
        raise BadValue(
            "contains ; or a quote, line break or control character", "remove the character"
        )
    if _FORMULA.match(value):
        raise BadValue("begins like a formula of a spreadsheet", "remove the first character")
    return value


def named_text(source: str, text: str, limit: int = 200) -> str:
    """Plain text of a device or of another system; the error names its `source`.

    For what no template checks: names a device gives, the correlation id and the external system
    of an order. May be empty.
    """
    try:
        return plain_text(text, limit)
    except BadValue as fault:
        raise BadValue(f"{source} {fault.problem}", fault.advice) from None


def _unbroken(text: str) -> str:
    value = text.strip()
    if _BROKEN_BY_SPREADSHEET.match(value):
        raise BadValue(f"a spreadsheet turned the identifier into {value!r}", AS_TEXT)
    return value


def name(text: str, limit: int = 100) -> str:
    """The name of a POD, concentrator, substation, profile: printable, not broken, not empty."""
    value = plain_text(_unbroken(text), limit)
    if not value:
        raise BadValue("is empty", "give a name")
    return value


def serial_number(text: str) -> str:
    """A device serial: 3 to 32 letters, digits or -_./ (`UAAEEDN11100000000`, 002)."""
    value = _unbroken(text)
    if not _SERIAL.match(value):
        raise BadValue(
            "is not a serial number", "use 3 to 32 letters, digits, - _ . or / without blanks"
        )
    return value.upper()


def mac_address(text: str) -> bytes:
    """Six bytes from `860E240E995A`, with or without : or - between them."""
    value = _unbroken(text).replace(":", "").replace("-", "").upper()
    if not _MAC.match(value):
        raise BadValue(
            "is not a MAC address", "give 12 hexadecimal digits, for example 860E240E995A"
        )
    return bytes.fromhex(value)


def lv_address(text: str) -> bytes:
    """The concentrator's address on the LV network (`adlvc`): 12 hexadecimal digits -> 6 bytes."""
    value = _unbroken(text).upper()
    if not _MAC.match(value):
        raise BadValue(
            "is not an LV address", f"give 12 hexadecimal digits; if digits are lost, {AS_TEXT}"
        )
    return bytes.fromhex(value)


def secret_key(text: str) -> bytes:
    """A 16-byte key from 32 hexadecimal digits. The message never repeats the value."""
    value = text.strip()
    if not _KEY.match(value):
        raise BadValue("is not a key", "give 32 hexadecimal digits")
    return bytes.fromhex(value)


def decimal_number(text: str, low: int, high: int) -> Decimal:
    """A coordinate or altitude with decimal comma or point, inside [low, high]."""
    value = text.strip()
    if not _DECIMAL.match(value):
        raise BadValue("is not a decimal number", "write 45,46373 or 45.46373")
    try:
        number = Decimal(value.replace(",", "."))
    except InvalidOperation as error:  # pragma: no cover - the pattern admits only decimals
        raise BadValue("is not a decimal number", "write 45,46373 or 45.46373") from error
    if not low <= number <= high:
        raise BadValue(f"is outside {low} to {high}", "check the column order and the sign")
    return number


_TRUE, _FALSE = {"true", "1", "yes"}, {"false", "0", "no", ""}


def flag(text: str) -> bool:
    """TRUE or FALSE, as the templates write it; empty is FALSE."""
    value = text.strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise BadValue("is neither TRUE nor FALSE", "write TRUE or FALSE")
