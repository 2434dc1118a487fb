"""Class 15, association LN (IEC 62056-6-2)."""

from dataclasses import dataclass
from typing import ClassVar

from devices.protocol import expect
from devices.protocol.axdr import Data
from devices.protocol.objects.base import CosemObject


class AssociationLn(CosemObject):
    """The open association; method 1 is pass 3 of the mutual authentication."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 15
    OBJECT_LIST: ClassVar[int] = 2
    REPLY_TO_HLS: ClassVar[int] = 1


CURRENT_ASSOCIATION = AssociationLn.at("0.0.40.0.0")


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One line of the object list; access rights are left out."""

    class_id: int
    version: int
    name: bytes


def object_list(value: Data) -> tuple[ListedObject, ...]:
    """Attribute 2: what can be reached in the association."""
    return tuple(map(_listed, expect.array(value, "object list")))


def _listed(value: Data) -> ListedObject:
    class_id, version, name, _ = expect.structure(value, "object list element", 4)
    return ListedObject(
        expect.integer(class_id, "class"),
        expect.integer(version, "version"),
        expect.octets(name, "logical name", 6),
    )
