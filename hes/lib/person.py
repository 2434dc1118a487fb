"""Who sits at this command."""

import getpass
from contextlib import suppress


def person() -> str:
    """The operating-system user who runs this process."""
    with suppress(KeyError, OSError):  # a container may run as a number without a name
        return getpass.getuser()
    return "unknown"
