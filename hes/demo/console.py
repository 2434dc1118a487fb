"""What the demo tells the person who started it: steps with their seconds, a bar, a table."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

BAR = 30


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a step, and print the seconds it took."""
    begin = time.monotonic()
    print(f"  {text:<56}", end="", flush=True)
    try:
        yield
    except BaseException:
        print(" failed", flush=True)
        raise
    print(f"{time.monotonic() - begin:6.1f} s", flush=True)


class Progress:
    """A bar on a terminal; on a pipe, a line per ten percent."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tenth = -1

    def show(self, done: int, total: int, note: str = "") -> None:
        """Draw `done` of `total`."""
        share = done / total if total else 1.0
        if sys.stdout.isatty():
            full = round(share * BAR)
            bar = "#" * full + "." * (BAR - full)
            print(f"\r  {self._text} [{bar}] {done}/{total} {note}\x1b[K", end="", flush=True)
        elif int(share * 10) > self._tenth:
            self._tenth = int(share * 10)
            print(f"  {self._text} {done}/{total} {note}", flush=True)

    def end(self) -> None:
        """Leave the bar's line."""
        if sys.stdout.isatty():
            print(flush=True)


def aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """Rows as columns: the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  " + "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )  # fmt: skip
