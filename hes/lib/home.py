"""HES_HOME, the one folder of a development or demo installation, and the secrets kept there."""

import os
import tomllib
from collections.abc import Callable
from pathlib import Path

from hes.lib.env import read_private_file

CHECKOUT = Path(__file__).resolve().parents[2]


def default_home(checkout: Path = CHECKOUT) -> Path:
    """``.hes`` of the checkout the code runs from, else ``~/.local/share/hes``."""
    if _is_our_checkout(checkout):
        return checkout / ".hes"
    return Path.home() / ".local" / "share" / "hes"


def private_folder(path: Path) -> Path:
    """Make a folder only its owner may enter. Existing folders, parents too, keep their modes."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """The secret kept in `path` (mode 0600), made at the first call, whoever wins the race.

    Raises OSError when the folder cannot be written, ValueError when everybody may read the file.
    """
    if not path.exists():
        draft = private_folder(path.parent) / f"{path.name}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(make() + "\n", encoding="utf-8")
        _publish(draft, path)
    return read_private_file(path)


def _publish(draft: Path, path: Path) -> None:
    """Link, not rename: of two processes that start together the first one's secret stays."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _is_our_checkout(folder: Path) -> bool:
    project_file = folder / "pyproject.toml"
    if not project_file.is_file():
        return False
    project = tomllib.loads(project_file.read_text(encoding="utf-8")).get("project", {})
    return bool(project.get("name") == "hes")
