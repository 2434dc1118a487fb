"""Puts one sealed file under its name, or finds out what lies there (design 8).

Create-only (`If-None-Match: *`), so an upload may be repeated after any fault: it can store the
file or find it stored, and changes nothing that is there. Where the signature lets nobody read,
the only witness is our own earlier attempt: if one began for this very content and nobody knows
how it ended, a blob under the name is taken for its work.
"""

import threading
from collections.abc import Iterator
from enum import Enum, auto
from itertools import count
from pathlib import Path
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobProperties,
    ContainerClient,
    ContentSettings,
    LinearRetry,
)

from hes.domain.errors import HesError
from integration.export.sinks.blob.faults import code_of
from integration.export.sinks.blob.sealed import Content, Sealed

BLOCK = 4 * 1024 * 1024  # a larger file is staged in blocks of this size, one in memory at a time
BLOCK_RETRIES = 2
# Answers that mean "the name is taken"; the last two come from protected containers (assumed).
TAKEN = (
    "BlobAlreadyExists",
    "ConditionNotMet",
    "UnauthorizedBlobOverwrite",
    "BlobImmutableDueToPolicy",
)
# A block that is never committed shows whether we may write, and leaves no blob.
PROBE = ".hes-may-write"
BLOCK_ID = "probe"
REMOVE = "move that blob away, then it is copied within hours or when the exporter restarts"


def client_options(connect: float, read: float) -> dict[str, Any]:
    """Time-outs in seconds, and no retries but those we ask for."""
    return {
        "connection_timeout": connect,
        "read_timeout": read,
        "max_single_put_size": BLOCK,
        "retry_policy": LinearRetry(backoff=1, retry_total=0, random_jitter_range=1),
    }


class NameTaken(HesError):
    """A blob that is not ours has the name; says what to do."""


class Vanished(HesError):
    """A blob was in the way and is not any more; the next attempt will do."""


class Standing(Enum):
    """What lies under a name."""

    NOTHING = auto()
    SAME = auto()
    OTHER = auto()
    UNREADABLE = auto()


class Uploads:
    """Into one container, from the export folder `root`."""

    def __init__(self, container: ContainerClient, root: Path, stop: threading.Event) -> None:
        self._container, self._root, self._stop = container, root, stop

    def probe(self) -> None:
        """Raise what an upload would raise just now."""
        self._container.get_blob_client(PROBE).stage_block(BLOCK_ID, b"?")

    def put(self, sealed: Sealed, may_be_ours: bool) -> None:
        """Returns when the blob is there with this content.

        `may_be_ours`: an earlier attempt with this content may have succeeded. Raises NameTaken and
        FileTrouble for what only a person can mend, AzureError, OSError and Vanished for the rest,
        Interrupted when we are to stop.
        """
        blob = self._container.get_blob_client(sealed.path)
        standing = self._standing(blob, sealed) if may_be_ours else Standing.NOTHING
        if standing in (Standing.NOTHING, Standing.UNREADABLE):
            standing = self._create(blob, sealed)
        if standing is Standing.OTHER:
            raise NameTaken(f"another content has the name; {REMOVE}")
        if standing is Standing.UNREADABLE and not may_be_ours:
            raise NameTaken(
                "a blob has the name and the signature lets nobody compare it; "
                f"give it read (r), or {REMOVE}"
            )

    def _create(self, blob: BlobClient, sealed: Sealed) -> Standing:
        """SAME when it has been stored, else what is in the way."""
        try:
            self._upload(blob, sealed)
        except HttpResponseError as fault:
            if code_of(fault) not in TAKEN:
                raise
            standing = self._standing(blob, sealed)
            if standing is Standing.NOTHING:
                raise Vanished(f"{sealed.path}: the blob in the way is gone") from fault
            return standing
        return Standing.SAME

    def _upload(self, blob: BlobClient, sealed: Sealed) -> None:
        with sealed.open(self._root, self._stop) as content:
            if sealed.size <= BLOCK:
                blob.upload_blob(
                    content.read(), overwrite=False, validate_content=True, **_described(sealed)
                )
            else:
                blocks = [BlobBlock(name) for name in self._stage(blob, content)]
                blob.commit_block_list(
                    blocks,
                    match_condition=MatchConditions.IfMissing,
                    validate_content=True,
                    **_described(sealed),
                )

    @staticmethod
    def _stage(blob: BlobClient, content: Content) -> Iterator[str]:
        """One block after the other; what was staged counts for nothing before the commit.

        So a block may be sent again at once. The commit may not: its second answer would tell of
        our own blob as if it were another's.
        """
        for number in count():
            if not (piece := content.read(BLOCK)):
                return
            name = f"{number:08}"
            blob.stage_block(name, piece, validate_content=True, retry_total=BLOCK_RETRIES)
            yield name

    def _standing(self, blob: BlobClient, sealed: Sealed) -> Standing:
        try:
            there = blob.get_blob_properties()
        except ResourceNotFoundError:
            return Standing.NOTHING
        except HttpResponseError as fault:
            if fault.status_code == 403:
                return Standing.UNREADABLE
            raise
        return Standing.SAME if self._is_same(there, sealed) else Standing.OTHER

    def _is_same(self, there: BlobProperties, sealed: Sealed) -> bool:
        if there.size != sealed.size:
            return False
        if sha256 := there.metadata.get("sha256"):
            return bool(sha256 == sealed.sha256)
        md5 = there.content_settings.content_md5
        return md5 is not None and bytes(md5) == sealed.md5(self._root, self._stop)


def _described(sealed: Sealed) -> dict[str, Any]:
    settings = ContentSettings(content_type=sealed.content_type)
    return {"metadata": sealed.metadata, "content_settings": settings}
