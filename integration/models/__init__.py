"""What the sinks remember: positions, files, what was parked, asked for, raised and decided."""

from integration.models.acts import ExportAct
from integration.models.files import BlobCopy, ExportDay, ExportFile
from integration.models.sinks import DeadLetter, SinkCursor, SinkReplay

__all__ = [
    "BlobCopy",
    "DeadLetter",
    "ExportAct",
    "ExportDay",
    "ExportFile",
    "SinkCursor",
    "SinkReplay",
]
