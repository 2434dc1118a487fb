"""A file that says a process is ready, and what it has to say to who waits for it."""

import os
from pathlib import Path


def write_ready(path: Path, text: str) -> None:
    """Whole or not at all: who waits for the file may read it at once.

    For us only: in some are keys.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
