"""A COSEM object: a class and a logical name, from which attributes and methods are named."""

from dataclasses import dataclass
from typing import ClassVar, Self

from devices.protocol import obis
from devices.protocol.apdu import Attribute, Method


@dataclass(frozen=True, slots=True)
class CosemObject:
    """Base of the interface classes; subclasses name their attributes and methods by number."""

    CLASS_ID: ClassVar[int] = 0
    name: bytes

    @classmethod
    def at(cls, dotted: str) -> Self:
        """The object with a dotted OBIS name, e.g. `Clock.at("0.0.1.0.0")`."""
        return cls(obis.parse(dotted))

    def attribute(self, index: int) -> Attribute:
        """Attribute `index` of this object."""
        return Attribute(self.CLASS_ID, self.name, index)

    def method(self, index: int) -> Method:
        """Method `index` of this object."""
        return Method(self.CLASS_ID, self.name, index)
