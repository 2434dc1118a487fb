"""The answering side of associations, for the simulated field: requests in, answers out, sans-io.

`ServerStream` cuts a byte stream into requests; one `ServerSession` per physical device answers
them. What the device holds is behind `Handler` (devices.protocol.services).
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from devices.protocol import association as acse
from devices.protocol import expect, gateway
from devices.protocol.apdu import ActionResponse, ExceptionResponse, Release, decode_action_request
from devices.protocol.apdu.action import ActionRequest
from devices.protocol.apdu.names import RELEASE_REQUEST
from devices.protocol.association import Mechanism
from devices.protocol.axdr import decode_all, encode
from devices.protocol.errors import (
    ActionStatus,
    AssociationResult,
    CipherError,
    CounterError,
    GarbledError,
    ServiceError,
    StateError,
)
from devices.protocol.objects.association import CURRENT_ASSOCIATION, AssociationLn
from devices.protocol.security import (
    DEDICATED,
    GENERAL_OVERHEAD,
    GLOBAL,
    OVERHEAD,
    SERVICES,
    Keys,
    Opener,
    Sealer,
)
from devices.protocol.services import Handler, Peer, Services
from devices.protocol.settings import MAX_CHALLENGE, MIN_CHALLENGE, MIN_PDU
from devices.protocol.wrapper import MAX_APDU, FrameReader, frame

CONFORMANCE = acse.CLIENT_CONFORMANCE


@dataclass(frozen=True, slots=True)
class Policy:
    """What one client wPort must show: mechanism, LLS secret, and keys for a ciphered context."""

    mechanism: Mechanism = Mechanism.NONE
    secret: bytes | None = field(default=None, repr=False)
    keys: Keys | None = None


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """A device's side: policies by client wPort, own title, longest APDU it takes.

    `lenient_counter` allows the counter of pass 3 to be used twice, for the dlms-cosem oracle only.
    """

    policies: Mapping[int, Policy]
    title: bytes
    max_pdu: int = 8192
    lenient_counter: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request as it came in: wPorts, the node it is for (None = the device itself), APDU."""

    client: int
    server: int
    gateway: gateway.GatewayAddress | None
    apdu: bytes

    def framed(self, answer: bytes) -> bytes:
        """`answer` of the addressed device, on its way back."""
        return self.framed_plain(answer if self.gateway is None else self.gateway.response(answer))

    def framed_plain(self, answer: bytes) -> bytes:
        """`answer` without prefix: by the concentrator itself."""
        return frame(self.server, self.client, answer)


class ServerStream:
    """Cuts what arrives on one connection into requests."""

    def __init__(self) -> None:
        self._reader = FrameReader()

    def receive(self, data: bytes) -> list[Incoming]:
        """The requests `data` completes; after a GarbledError close the connection."""
        return [
            Incoming(
                found.source, found.destination, *gateway.split(found.payload, gateway.REQUEST)
            )
            for found in self._reader.feed(data)
        ]


class ServerSession:
    """The association of one physical device.

    `next_counter` and `challenge` (fresh random bytes) come from the caller; `client_counter` is
    the last counter accepted from the client under these keys, to be kept over sessions.
    """

    def __init__(
        self,
        settings: ServerSettings,
        handler: Handler,
        next_counter: Callable[[], int],
        challenge: Callable[[], bytes],
        client_counter: int = -1,
    ) -> None:
        self._settings = settings
        self._handler = handler
        self._next_counter = next_counter
        self._make_challenge = challenge
        self.client_counter = client_counter
        self._close()

    @property
    def associated(self) -> bool:
        """True while an association is open, mutual authentication included."""
        return self._services is not None and self._challenges is None

    def answer(self, client: int, apdu: bytes) -> bytes:
        """The answering APDU; whatever cannot be served is answered by an exception-response."""
        try:
            return self._answer(client, apdu)
        except CipherError:
            return _exception(ServiceError.DECIPHERING_ERROR)
        except CounterError:
            error = ServiceError.INVOCATION_COUNTER_ERROR
            return _exception(error, self.client_counter + 1)
        except GarbledError:
            return _exception(ServiceError.OTHER_REASON)

    def _answer(self, client: int, apdu: bytes) -> bytes:
        if not apdu:
            raise GarbledError("empty APDU")
        if len(apdu) > self._settings.max_pdu:
            return _exception(ServiceError.PDU_TOO_LONG)
        if apdu[0] == acse.AARQ:
            self._close()
            return self._associate(client, acse.decode_request(apdu))
        if apdu[0] == RELEASE_REQUEST:
            self._close()
            return Release(is_request=False).encode()
        if self._services is None or self._client != client:
            return _exception(ServiceError.OPERATION_NOT_POSSIBLE)
        return self._serve(self._services, apdu)

    def _close(self) -> None:
        self._client = 0
        self._services: Services | None = None
        self._challenges: tuple[bytes, bytes] | None = None
        self._sealer: Sealer | None = None
        self._opener: Opener | None = None
        self._dedicated: tuple[Sealer, Opener] | None = None

    # --- association --------------------------------------------------------------------------

    def _associate(self, client: int, request: acse.AssociationRequest) -> bytes:
        policy = self._settings.policies.get(client)
        refusal = acse.NO_REASON if policy is None else _refusal(policy, request)
        if policy is None or refusal:
            result = AssociationResult.REJECTED_PERMANENT
            return acse.rejection(result, refusal, request.ciphered)
        raw = request.initiate
        if policy.keys is not None:
            raw = self._unlock(policy.keys, request)
        if raw[:1] != bytes((acse.INITIATE_REQUEST,)):
            raise GarbledError("AARQ without InitiateRequest")
        proposed = acse.decode_initiate(raw)
        self._agree(proposed.dedicated_key)
        client_max = max(proposed.max_pdu or MAX_APDU, MIN_PDU)
        self._client = client
        self._services = Services(self._handler, Peer(client, policy.mechanism), client_max)
        return self._accept(request, policy, proposed)

    def _unlock(self, keys: Keys, request: acse.AssociationRequest) -> bytes:
        opener = Opener(keys, request.title or b"", self.client_counter)
        initiate = opener.open(request.initiate)
        self.client_counter = opener.counter
        self._opener = opener
        self._sealer = Sealer(keys, self._settings.title, self._next_counter)
        return initiate

    def _agree(self, key: bytes) -> None:
        """A key for this association alone; in clear it would be none."""
        if not key:
            return
        if self._sealer is None or self._opener is None:
            raise GarbledError("dedicated key in clear")
        self._dedicated = self._sealer.dedicated(key), self._opener.dedicated(key)

    def _accept(
        self, request: acse.AssociationRequest, policy: Policy, proposed: acse.Initiate
    ) -> bytes:
        conformance = proposed.conformance & CONFORMANCE
        initiate = acse.Initiate(conformance, self._settings.max_pdu).response()
        challenge = None
        if policy.mechanism is Mechanism.HLS5_GMAC:
            challenge = self._make_challenge()
            self._challenges = challenge, request.secret or b""
        return acse.AssociationResponse(
            ciphered=request.ciphered,
            result=AssociationResult.ACCEPTED,
            diagnostic=0 if challenge is None else acse.AUTHENTICATION_REQUIRED,
            initiate=initiate if self._sealer is None else self._sealer.seal(initiate),
            title=None if self._sealer is None else self._settings.title,
            challenge=challenge,
        ).encode()

    def _pass_four(self, apdu: bytes, ours: bytes, theirs: bytes) -> bytes:
        request = decode_action_request(apdu)
        method = CURRENT_ASSOCIATION.method(AssociationLn.REPLY_TO_HLS)
        if not isinstance(request, ActionRequest) or request.method != method:
            return _exception(ServiceError.OPERATION_NOT_POSSIBLE)
        signature = expect.octets(decode_all(request.parameter or b"\x00"), "pass 3")
        if self._opener is None or self._sealer is None:
            raise GarbledError("pass 3 without keys")
        if not self._opener.verify(signature, ours, self._settings.lenient_counter):
            self._close()
            return ActionResponse(request.invoke, ActionStatus.OTHER_REASON).encode()
        self.client_counter = self._opener.counter
        self._challenges = None
        proof = encode(self._sealer.sign(theirs))
        return ActionResponse(request.invoke, ActionStatus.SUCCESS, proof).encode()

    # --- services -----------------------------------------------------------------------------

    def _serve(self, services: Services, apdu: bytes) -> bytes:
        if self._sealer is None or self._opener is None:
            return services.answer(apdu, 0)
        sealer, opener = self._sealer, self._opener
        if self._dedicated is not None and self._challenges is None and DEDICATED.has(apdu[0]):
            sealer, opener = self._dedicated
        if not opener.opens(apdu[0]):
            return _exception(ServiceError.DECIPHERING_ERROR)
        clear = opener.open(apdu)
        self.client_counter = self._opener.counter
        general = apdu[0] in (GLOBAL.general, DEDICATED.general)
        if self._challenges is not None:
            answer = self._pass_four(clear, *self._challenges)
        else:
            answer = services.answer(clear, GENERAL_OVERHEAD if general else OVERHEAD)
        if answer[0] not in SERVICES:
            return answer
        return sealer.seal(answer, general)


def _refusal(policy: Policy, request: acse.AssociationRequest) -> int:
    """Diagnostic of a refusal, 0 for none."""
    if request.ciphered != (policy.keys is not None):
        return acse.CONTEXT_NOT_SUPPORTED
    if request.mechanism is not policy.mechanism:
        known = request.mechanism is Mechanism.NONE
        return acse.AUTHENTICATION_REQUIRED if known else acse.MECHANISM_NOT_RECOGNISED
    secret = request.secret or b""
    if policy.mechanism is Mechanism.LLS and not hmac.compare_digest(secret, policy.secret or b""):
        return acse.AUTHENTICATION_FAILURE
    too_short = not MIN_CHALLENGE <= len(secret) <= MAX_CHALLENGE
    if policy.mechanism is Mechanism.HLS5_GMAC and too_short:
        return acse.AUTHENTICATION_FAILURE
    return 0


def _exception(error: ServiceError, counter: int | None = None) -> bytes:
    return ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, error, counter).encode()
