"""Device keys in the database: sealed per row, under data keys that the KMS wraps (design D16).

Associated data of a secret: company, holder, id, role, version, data key; a ciphertext moved to
another row does not open. Values leave this module only by `load` and `load_sets`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper

from devices import lifecycle
from devices.choices import DataKeyPurpose, Holder, KeyState, SecretRole
from devices.models import DataKey
from hes.domain.errors import HesError
from hes.lib.copy_rows import copy_rows
from hes.lib.crypto import Kms, LocalKms, SealingKey, Unsealable, fingerprint, random_key

CHUNK = 5_000
NO_COMPANY = 0
PAIR = (SecretRole.ENCRYPTION, SecretRole.AUTHENTICATION)
_COLUMNS = (
    "holder, holder_id, role, version, state, origin, data_key_id, ciphertext, pair_fingerprint,"
    " created_at"
)


class KeyPairUsedTwice(HesError):
    """An encryption and authentication key pair that some device holds or held already."""

    def __init__(self) -> None:
        super().__init__("the key pair is in use already - give every device its own pair")


@dataclass(frozen=True, slots=True)
class DeviceKeys:
    """The secrets of one device; `company_id` is NO_COMPANY for a meter model.

    `state` ACTIVE or NEW; `origin` tells what they were made for, as who made them counts it.
    """

    company_id: int
    holder: Holder
    holder_id: int
    values: Mapping[SecretRole, bytes] = field(repr=False)
    state: KeyState = KeyState.ACTIVE
    origin: int | None = None

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("no secret is given")
        if len([role for role in PAIR if role in self.values]) == 1:
            raise ValueError("an encryption and an authentication key are stored as a pair")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The secrets of a device that share a state; `version` is that of its encryption key, or 0."""

    version: int
    values: dict[SecretRole, bytes] = field(repr=False)


Rings = dict[KeyState, KeyRing]


def store(
    holder: Holder, holder_id: int, secrets: Mapping[SecretRole, bytes], *, company_id: int
) -> None:
    """Make `secrets` the ACTIVE ones of a device; those they replace become EXPIRED."""
    store_many([DeviceKeys(company_id, holder, holder_id, secrets)])


def store_many(devices: Iterable[DeviceKeys], *, are_new: bool = False) -> int:
    """`store` for many devices, in one transaction and constant memory. Returns secrets stored.

    Devices that `are_new` hold no secrets yet; nothing is looked up for them. Raises
    KeyPairUsedTwice, and then stores nothing.
    """
    rest = iter(devices)
    stored = 0
    try:
        with transaction.atomic(), connection.wrap_database_errors:
            vault = _Vault(are_new)
            while chunk := list(islice(rest, CHUNK)):
                stored += vault.store(chunk)
    except IntegrityError as error:
        if "pair_fingerprint" in str(error):
            raise KeyPairUsedTwice from None
        raise
    return stored


def load(
    holders: Iterable[tuple[Holder, int]],
) -> dict[tuple[Holder, int], dict[SecretRole, bytes]]:
    """The ACTIVE secrets of devices, in one query; a device without any is not in the answer.

    Raises Unsealable where a row was altered or moved, or the master key is another one.
    """
    found = load_sets(holders, (KeyState.ACTIVE,))
    return {holder: rings[KeyState.ACTIVE].values for holder, rings in found.items()}


def load_sets(
    holders: Iterable[tuple[Holder, int]],
    states: Sequence[KeyState] = (KeyState.NEW, KeyState.ACTIVE),
) -> dict[tuple[Holder, int], Rings]:
    """The secrets of devices by their state, else as `load`."""
    wanted = list(holders)
    found: dict[tuple[Holder, int], Rings] = {}
    with connection.cursor() as cursor:
        names = [holder for holder, _ in wanted]
        cursor.execute(_LOAD, [names, [pk for _, pk in wanted], list(states)])
        for holder, pk, state, version, role, sealed, context, wrapped, kms in cursor:
            value = _unwrapped(bytes(wrapped), kms).open(bytes(sealed), context.encode())
            rings = found.setdefault((Holder(holder), pk), {})
            ring = rings.setdefault(KeyState(state), KeyRing(version, {}))
            ring.values[SecretRole(role)] = value
    return found


_LOAD = """
SELECT holder, holder_id, s.state,
       coalesce(max(s.version) FILTER (WHERE s.role = 'encryption')
                OVER (PARTITION BY holder, holder_id, s.state), 0),
       s.role, s.ciphertext,
       concat_ws('|', coalesce(m.company_id, c.company_id, 0), holder, holder_id,
                 s.role, s.version, s.data_key_id), k.wrapped, k.kms
FROM device_secret s
JOIN unnest(%s::text[], %s::bigint[]) AS wanted (holder, holder_id) USING (holder, holder_id)
JOIN data_key k ON k.id = s.data_key_id
LEFT JOIN meter m ON holder = 'meter' AND m.id = holder_id
LEFT JOIN concentrator c ON holder = 'concentrator' AND c.id = holder_id
WHERE s.state = ANY(%s)
"""


def forget(holder: Holder, ids: Sequence[int]) -> None:
    """Remove all secrets of devices that are deleted themselves."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM device_secret WHERE holder = %s AND holder_id = ANY(%s)",
            [holder, list(ids)],
        )


class PairFingerprints:
    """Makes the keyed fingerprint by which a pair used twice is recognised."""

    __slots__ = ("_key",)

    def __init__(self) -> None:
        row = _data_key(DataKeyPurpose.FINGERPRINT)
        self._key = _kms_of(row.kms).unwrap(bytes(row.wrapped))

    def of(self, encryption: bytes, authentication: bytes) -> bytes:
        """32 bytes."""
        return fingerprint(self._key, encryption + authentication)


class _Vault:
    """One bulk storing: data key and fingerprint key are fetched once."""

    def __init__(self, are_new: bool) -> None:
        row = _data_key(DataKeyPurpose.SEAL)
        self._are_new = are_new
        self._data_key_id = row.pk
        self._key = _unwrapped(bytes(row.wrapped), row.kms)
        self._pairs = PairFingerprints()

    def store(self, devices: Sequence[DeviceKeys]) -> int:
        with connection.cursor() as cursor:
            last = {} if self._are_new else _expire(cursor, devices)
            return copy_rows(
                cursor, "device_secret", _COLUMNS.split(", "), self._rows(devices, last)
            )

    def _rows(
        self, devices: Iterable[DeviceKeys], last: Mapping[tuple[str, int, str], int]
    ) -> Iterator[tuple[object, ...]]:
        for device in devices:
            holder, pk = device.holder.value, device.holder_id
            for role, value in device.values.items():
                version = last.get((holder, pk, role.value), 0) + 1
                place = f"{device.company_id}|{holder}|{pk}|{role.value}|{version}"
                sealed = self._key.seal(value, f"{place}|{self._data_key_id}".encode())
                yield (
                    *(holder, pk, role.value, version, device.state.value, device.origin),
                    *(self._data_key_id, sealed, self._fingerprint(role, device), "now"),
                )

    def _fingerprint(self, role: SecretRole, device: DeviceKeys) -> bytes | None:
        """On the row of the encryption key only: a pair is counted once."""
        if role is not SecretRole.ENCRYPTION:
            return None
        return self._pairs.of(*(device.values[role] for role in PAIR))


_EXPIRE = """
WITH given AS (
    SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::bool[])
        AS g (holder, holder_id, role, replaces)
), expired AS (
    UPDATE device_secret s SET state = 'expired' FROM given
    WHERE (s.holder, s.holder_id, s.role) = (given.holder, given.holder_id, given.role)
      AND given.replaces AND s.state = ANY(%s)
)
SELECT holder, holder_id, role, max(version)
FROM given JOIN device_secret USING (holder, holder_id, role) GROUP BY 1, 2, 3
"""


def _expire(
    cursor: CursorWrapper, devices: Sequence[DeviceKeys]
) -> dict[tuple[str, int, str], int]:
    """Expire what is replaced by ACTIVE ones; returns the last version of each secret there was."""
    given = [
        (device.holder.value, device.holder_id, role.value, device.state is KeyState.ACTIVE)
        for device in devices
        for role in device.values
    ]
    columns = [list(column) for column in zip(*given, strict=True)]
    cursor.execute(_EXPIRE, [*columns, lifecycle.KEY.before(KeyState.EXPIRED)])
    return {(holder, pk, role): version for holder, pk, role, version in cursor}


def _data_key(purpose: DataKeyPurpose) -> DataKey:
    """The newest data key for a purpose, made at the first call ever."""
    newest = DataKey.objects.filter(purpose=purpose).order_by("-pk")
    if (row := newest.first()) is None:
        kms = _kms()
        draft = DataKey(purpose=purpose, wrapped=kms.wrap(random_key()), kms=kms.name)
        DataKey.objects.bulk_create([draft], ignore_conflicts=True)
        row = newest.get()
    return row


def _kms() -> Kms:
    return LocalKms(settings.HES_MASTER_KEY)


def _kms_of(name: str) -> Kms:
    kms = _kms()
    if kms.name != name:
        raise Unsealable(
            f"the device keys are wrapped by master key {name}, this process has {kms.name}"
            " - set HES_MASTER_KEY to the master key they were stored with"
        )
    return kms


@lru_cache(maxsize=64)
def _unwrapped(wrapped: bytes, kms_name: str) -> SealingKey:
    return SealingKey(_kms_of(kms_name).unwrap(wrapped))
