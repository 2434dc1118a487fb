"""Octet-strings that hold text."""


def text(raw: bytes) -> str:
    """Printable text of `raw`; what is no ASCII text is shown in hexadecimal, never refused."""
    try:
        written = raw.rstrip(b"\0 ").decode("ascii")
    except UnicodeDecodeError:
        return raw.hex()
    return written if written.isprintable() else raw.hex()
