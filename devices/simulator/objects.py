"""A device as a set of COSEM attributes with access rights (companion profile 2)."""

from collections.abc import Callable, Iterable

from devices.protocol.apdu import Attribute, Method
from devices.protocol.association import Mechanism
from devices.protocol.axdr import I8, U8, U16, Data, Enum
from devices.protocol.errors import ActionStatus, DataAccess, GarbledError
from devices.protocol.obis import parse
from devices.protocol.objects import CURRENT_ASSOCIATION, SAP_ASSIGNMENT, ScalerUnit
from devices.protocol.selective import CaptureObject, Selection
from devices.protocol.services import Answer, Peer, Returned
from devices.simulator.changes import Guard, Outcome, counted

Read = Callable[[Selection | None], Answer]
Write = Callable[[Data], DataAccess]
Change = Callable[[Data], Outcome]

COMMISSIONING_NAMES = ("0.0.96.56.0", "0.0.43.0.0")  # credentials, security setup
PUBLIC_NAMES = ("0.0.42.0.0", "0.0.1.0.0", "0.0.41.0.0", "0.0.43.1.0", "0.0.40.0.0")
IDENTIFIERS = parse("0.0.96.1.0")[:4]  # 0.0.96.1.e, any e
LOGICAL_NAME, VALUE, SCALER_UNIT = 1, 2, 3
FIFO = Enum(1)
DATA, REGISTER, EXTENDED_REGISTER, PROFILE, CLOCK = 1, 3, 4, 7, 8
VERSIONS = {PROFILE: 1, 15: 1, 8: 0}


class ObjectTree:
    """Attributes by name; a value is computed when it is read. Implements the protocol's Handler.

    Public clients (no authentication) read the identifying objects only; commissioning clients also
    read and set credentials and the security setup; the management client reads all.
    `guard` sees every change to what orders move, set or charge.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard
        self._reads: dict[Attribute, Read] = {}
        self._writes: dict[Attribute, Write] = {}
        self._methods: dict[Method, Write] = {}

    def value(self, class_id: int, name: str, index: int, read: Callable[[], Answer]) -> None:
        """Add an attribute without selective access."""
        self._reads[Attribute(class_id, parse(name), index)] = lambda _: read()

    def buffer(self, name: str, columns: Iterable[CaptureObject], read: Read) -> None:
        """Add a profile: its buffer, columns and the attributes that every profile has."""
        self._reads[Attribute(PROFILE, parse(name), 2)] = read
        self.value(PROFILE, name, 3, lambda: [column.data() for column in columns])
        self.value(PROFILE, name, 5, lambda: FIFO)

    def register(
        self, class_id: int, name: str, unit: ScalerUnit, read: Callable[[], Data]
    ) -> None:
        """Add a register: value and scaler-unit."""
        self.value(class_id, name, VALUE, read)
        self.value(class_id, name, SCALER_UNIT, unit.data)

    def writable(self, class_id: int, name: str, index: int, write: Write) -> None:
        """Let the management client set an attribute."""
        self._writes[Attribute(class_id, parse(name), index)] = write

    def change(self, class_id: int, name: str, index: int, write: Change) -> None:
        """Let the management client set an attribute, under the guard."""
        attribute = Attribute(class_id, parse(name), index)
        self._writes[attribute] = self._guarded(str(attribute), write)

    def method(self, class_id: int, name: str, index: int, run: Change) -> None:
        """Let the management client call a method, under the guard."""
        method = Method(class_id, parse(name), index)
        self._methods[method] = self._guarded(str(method), run)

    def _guarded(self, what: str, write: Change) -> Write:
        def guarded(value: Data) -> DataAccess:
            guard = self._guard or _unguarded
            return guard(what, lambda: write(value))

        return guarded

    def associations(self, device_name: bytes) -> None:
        """Add the SAP list (one logical device) and the current association's object list."""
        sap = SAP_ASSIGNMENT.attribute(SAP_ASSIGNMENT.SAP_LIST)
        self._reads[sap] = lambda _: [(U16(1), device_name)]
        listed = CURRENT_ASSOCIATION.attribute(CURRENT_ASSOCIATION.OBJECT_LIST)
        self._reads[listed] = lambda _: self._object_list()

    def _object_list(self) -> Data:
        found = sorted({(each.class_id, each.name) for each in self._reads})
        return [
            (U16(class_id), U8(VERSIONS.get(class_id, 0)), name, ([], []))
            for class_id, name in found
        ]

    def get(self, peer: Peer, attribute: Attribute, selection: Selection | None) -> Answer:
        """The value, or why not."""
        if not _has_rights(peer, attribute) and not _is_public(attribute):
            return DataAccess.READ_WRITE_DENIED
        read = self._reads.get(attribute)
        if read is not None:
            return read(selection)
        known = {(each.class_id, each.name) for each in self._reads}
        if (attribute.class_id, attribute.name) not in known:
            return DataAccess.OBJECT_UNDEFINED
        return attribute.name if attribute.index == LOGICAL_NAME else DataAccess.READ_WRITE_DENIED

    def set(self, peer: Peer, attribute: Attribute, value: Data) -> DataAccess:
        """Take a new value where the object is listed as writable."""
        write = self._writes.get(attribute)
        if write is None or not _has_rights(peer, attribute):
            return DataAccess.READ_WRITE_DENIED
        return _checked(write, value)

    def action(self, peer: Peer, method: Method, value: Data) -> ActionStatus | Returned:
        """Carry out a listed method; the association's own is answered by the protocol."""
        run = self._methods.get(method)
        if run is None or not _has_rights(peer, method):
            return ActionStatus.READ_WRITE_DENIED
        return ActionStatus(_checked(run, value))


def _unguarded(_: str, execute: Callable[[], Outcome]) -> DataAccess:
    return counted(lambda: None, execute)


def _checked(write: Write, value: Data) -> DataAccess:
    """A value of another shape raises in `write`, and is refused."""
    try:
        return write(value)
    except GarbledError:
        return DataAccess.TYPE_UNMATCHED


_PUBLIC = {parse(name) for name in PUBLIC_NAMES}
_COMMISSIONING = {parse(name) for name in COMMISSIONING_NAMES}


def _has_rights(peer: Peer, target: Attribute | Method) -> bool:
    is_commissioning = peer.mechanism is Mechanism.LLS and target.name in _COMMISSIONING
    return peer.mechanism is Mechanism.HLS5_GMAC or is_commissioning


def _is_public(attribute: Attribute) -> bool:
    return attribute.index <= VALUE and (
        attribute.name in _PUBLIC or attribute.name[:4] == IDENTIFIERS
    )


def unit(number: int, scaler: int = 0) -> ScalerUnit:
    """Scaler and unit: 27 W, 30 Wh, 32 varh."""
    return ScalerUnit(I8(scaler), Enum(number))
