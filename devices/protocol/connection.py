"""The client's side of one association: requests to bytes, received bytes to typed events.

A connection never reads a socket. It carries one exchange at a time; an answer may make it go on by
itself (event ToSend: pass 3, blocks of a SET, blocks collected for one value). Connections of a
concentrator and of the meters behind it share one byte stream, strictly in turn.
"""

from collections.abc import Callable, Sequence

from devices.protocol import association as acse
from devices.protocol import events, gateway
from devices.protocol.apdu import (
    Attribute,
    Method,
    Release,
    Wanted,
    decode_confirmed_service_error,
    decode_exception,
    decode_release,
)
from devices.protocol.apdu.names import (
    CONFIRMED_HIGH,
    CONFIRMED_SERVICE_ERROR,
    EXCEPTION_RESPONSE,
    RELEASE_RESPONSE,
)
from devices.protocol.association import Mechanism
from devices.protocol.axdr import Data, encode
from devices.protocol.errors import (
    ActionStatus,
    AssociationResult,
    CounterError,
    GarbledError,
    IllegalMoveError,
    ProtocolError,
)
from devices.protocol.exchanges import ActionExchange, Exchange, GetExchange, SetExchange
from devices.protocol.objects.association import CURRENT_ASSOCIATION, AssociationLn
from devices.protocol.security import OVERHEAD, Opener, Sealer
from devices.protocol.selective import Selection
from devices.protocol.settings import MAX_CHALLENGE, MIN_CHALLENGE, MIN_PDU, ClientSettings
from devices.protocol.states import Move, State, moved
from devices.protocol.wrapper import MAX_APDU, Frame, FrameReader, frame

__all__ = ["ClientConnection", "ClientSettings"]


class ClientConnection:
    """One association. `next_counter` gives a fresh invocation counter per GCM operation."""

    def __init__(
        self, settings: ClientSettings, next_counter: Callable[[], int] | None = None
    ) -> None:
        self._settings = settings
        self._sealer: Sealer | None = None
        self._opener: Opener | None = None
        self._global_opener: Opener | None = None
        if settings.keys is not None:
            if next_counter is None:
                raise ProtocolError("a ciphered association needs invocation counters")
            self._sealer = Sealer(settings.keys, settings.title or b"", next_counter)
        prefix = 0 if settings.gateway is None else len(settings.gateway.response(b""))
        self._reader = FrameReader(min(settings.max_pdu + prefix, MAX_APDU))
        self._invoke = 0
        self._exchange: Exchange | None = None
        self._server_max_pdu = MAX_APDU
        self._accepted: events.Associated | None = None
        self.state = State.IDLE

    @property
    def server_counter(self) -> int:
        """Last invocation counter accepted from the device under its global key; keep it for the
        next session."""
        opener = self._global_opener
        return self._settings.server_counter if opener is None else opener.counter

    # --- what we send -------------------------------------------------------------------------

    def associate(self) -> bytes:
        """The AARQ."""
        self._move(Move.ASSOCIATE)
        wanted = self._settings
        ciphered = self._sealer is not None
        conformance = acse.CLIENT_CONFORMANCE if ciphered else acse.PUBLIC_CONFORMANCE
        initiate = acse.Initiate(conformance, wanted.max_pdu, wanted.dedicated_key).request()
        request = acse.AssociationRequest(
            ciphered=ciphered,
            mechanism=wanted.mechanism,
            initiate=initiate if self._sealer is None else self._sealer.seal(initiate),
            title=wanted.title if ciphered else None,
            secret=wanted.secret if wanted.mechanism is Mechanism.LLS else wanted.challenge,
        )
        return self._framed(request.encode())

    def get(
        self, attribute: Attribute, selection: Selection | None = None, *, stream: bool = False
    ) -> bytes:
        """GET; ends in Data, DataError or, streamed, in DataBlock events."""
        wanted = ((attribute, selection),)
        return self._begin(GetExchange(self._take_invoke(), wanted, listed=False, stream=stream))

    def get_with_list(self, wanted: Sequence[Wanted]) -> bytes:
        """GET of several attributes; ends in DataList."""
        return self._begin(GetExchange(self._take_invoke(), wanted, listed=True, stream=False))

    def next_block(self) -> bytes:
        """Ask for the block after the DataBlock just received."""
        if self._exchange is None:
            raise IllegalMoveError("no answer is being streamed")
        self._move(Move.NEXT_BLOCK)
        return self._sent(self._exchange.next())

    def set(self, attribute: Attribute, value: Data, selection: Selection | None = None) -> bytes:
        """SET, by blocks if long; ends in Result."""
        invoke, raw = self._take_invoke(), encode(value)
        return self._begin(SetExchange(invoke, attribute, raw, self._room))

    def action(self, method: Method, value: Data = None) -> bytes:
        """ACTION with the parameter `value` (None for none); ends in ActionResult."""
        raw = None if value is None else encode(value)
        return self._begin(ActionExchange(self._take_invoke(), method, raw, self._room))

    def release(self) -> bytes:
        """The RLRQ; ends in Released."""
        self._move(Move.RELEASE)
        return self._framed(Release(is_request=True).encode())

    # --- what we receive ----------------------------------------------------------------------

    def receive(self, data: bytes) -> list[events.Event]:
        """The events in `data`; after a GarbledError the connection is of no more use."""
        if self.state is State.FAILED:
            raise GarbledError("the connection has failed before")
        try:
            return [self._on_frame(received) for received in self._reader.feed(data)]
        except GarbledError:
            self.state = State.FAILED
            raise

    def _on_frame(self, received: Frame) -> events.Event:
        ports = self._settings.server, self._settings.client
        if (received.source, received.destination) != ports:
            raise GarbledError(f"wPorts {received.source} to {received.destination}")
        address, apdu = gateway.split(received.payload, gateway.RESPONSE)
        if address == self._settings.gateway:
            return self._on_apdu(apdu)
        if address is None:
            return self._on_concentrator(apdu)
        raise GarbledError("answer by another node")

    def _on_concentrator(self, apdu: bytes) -> events.Event:
        exception = self._on_exception(apdu)
        return events.NodeSilent(exception)

    def _on_apdu(self, apdu: bytes) -> events.Event:
        tag = apdu[0]
        if tag == acse.AARE:
            return self._on_association(acse.decode_response(apdu))
        if tag == RELEASE_RESPONSE:
            decode_release(apdu)
            self._move(Move.RELEASED)
            return events.Released()
        if tag in (EXCEPTION_RESPONSE, CONFIRMED_SERVICE_ERROR):
            return self._on_error(apdu)
        return self._on_answer(apdu if self._opener is None else self._opener.open(apdu))

    def _on_error(self, apdu: bytes) -> events.Event:
        if apdu[0] == EXCEPTION_RESPONSE:
            return self._on_exception(apdu)
        error = decode_confirmed_service_error(apdu)
        self._move(Move.EXCEPTION)
        return events.ServiceErrorReply(error.service, error.kind, error.error)

    def _on_exception(self, apdu: bytes) -> events.ServerException:
        exception = decode_exception(apdu)
        self._move(Move.EXCEPTION)
        return events.ServerException(exception.state, exception.service, exception.counter)

    def _on_answer(self, clear: bytes) -> events.Event:
        if clear[0] in (EXCEPTION_RESPONSE, CONFIRMED_SERVICE_ERROR):
            return self._on_error(clear)
        if self._exchange is None or self.state not in (State.WAITING, State.AUTHENTICATING):
            raise GarbledError(f"answer while {self.state.name}")
        outcome = self._exchange.answer(clear)
        if isinstance(outcome, bytes):
            return events.ToSend(self._sent(outcome))
        if isinstance(outcome, events.ActionResult) and self.state is State.AUTHENTICATING:
            return self._on_pass_four(outcome)
        more = isinstance(outcome, events.DataBlock) and not outcome.last
        self._move(Move.BLOCK if more else Move.ANSWERED)
        return outcome

    # --- association --------------------------------------------------------------------------

    def _on_association(self, response: acse.AssociationResponse) -> events.Event:
        if response.result is not AssociationResult.ACCEPTED:
            self._move(Move.REFUSED)
            return events.AssociationRejected(response.result, response.diagnostic)
        if self.state is not State.ASSOCIATING or response.ciphered != (self._sealer is not None):
            raise GarbledError("AARE of another association")
        if self._settings.keys is None:
            return self._on_initiate(response, response.initiate)
        if self._settings.server_title not in (None, response.title):
            return self._not_authentic("system title changed")
        opener = Opener(self._settings.keys, response.title or b"", self.server_counter)
        try:
            initiate = opener.open(response.initiate)
        except CounterError:
            return self._not_authentic("invocation counter fell since the last session")
        self._opener = self._global_opener = opener
        return self._on_initiate(response, initiate)

    def _on_initiate(self, response: acse.AssociationResponse, raw: bytes) -> events.Event:
        if raw[:1] != bytes((acse.INITIATE_RESPONSE,)):
            raise GarbledError("AARE without InitiateResponse")
        initiate = acse.decode_initiate(raw)
        if 0 < initiate.max_pdu < MIN_PDU:
            raise GarbledError(f"the device takes only {initiate.max_pdu} bytes")
        self._server_max_pdu = initiate.max_pdu or MAX_APDU
        self._accepted = events.Associated(
            response.title, initiate.conformance, self._server_max_pdu
        )
        if self._settings.mechanism is Mechanism.HLS5_GMAC:
            return self._pass_three(response.challenge or b"")
        return self._open_for_services(self._accepted)

    def _pass_three(self, challenge: bytes) -> events.Event:
        if self._sealer is None or not MIN_CHALLENGE <= len(challenge) <= MAX_CHALLENGE:
            raise GarbledError(f"challenge of {len(challenge)} bytes")
        signature = encode(self._sealer.sign(challenge))
        method = CURRENT_ASSOCIATION.method(AssociationLn.REPLY_TO_HLS)
        self._exchange = ActionExchange(self._take_invoke(), method, signature, self._room)
        self._move(Move.CHALLENGED)
        return events.ToSend(self._sent(self._exchange.first()))

    def _on_pass_four(self, outcome: events.ActionResult) -> events.Event:
        if outcome.status is not ActionStatus.SUCCESS:
            self._move(Move.REFUSED)
            return events.AssociationRejected(
                AssociationResult.REJECTED_PERMANENT, acse.AUTHENTICATION_FAILURE
            )
        challenge, signature = self._settings.challenge or b"", outcome.value
        if self._opener is None or self._accepted is None or not isinstance(signature, bytes):
            raise GarbledError("pass 4 without a signature")
        if not self._opener.verify(signature, challenge):
            return self._not_authentic("signature of pass 4 is wrong")
        return self._open_for_services(self._accepted)

    def _open_for_services(self, accepted: events.Associated) -> events.Event:
        """From here on the dedicated key ciphers, if there is one (passes 3 and 4 went under the
        global one, *assumed*)."""
        self._move(Move.ACCEPTED)
        if (key := self._settings.dedicated_key) and self._sealer and self._opener:
            self._sealer, self._opener = self._sealer.dedicated(key), self._opener.dedicated(key)
        return accepted

    def _not_authentic(self, reason: str) -> events.NotAuthentic:
        self._move(Move.REFUSED)
        return events.NotAuthentic(reason)

    # --- inner --------------------------------------------------------------------------------

    @property
    def _room(self) -> int:
        return self._server_max_pdu - (OVERHEAD if self._sealer else 0)

    def _take_invoke(self) -> int:
        self._invoke = self._invoke % 15 + 1
        return CONFIRMED_HIGH | self._invoke

    def _begin(self, exchange: Exchange) -> bytes:
        apdu = exchange.first()
        if len(apdu) > self._room:
            raise IllegalMoveError(f"request of {len(apdu)} bytes, the device takes {self._room}")
        self._move(Move.REQUEST)
        self._exchange = exchange
        return self._sent(apdu)

    def _sent(self, apdu: bytes) -> bytes:
        return self._framed(apdu if self._sealer is None else self._sealer.seal(apdu))

    def _framed(self, apdu: bytes) -> bytes:
        address = self._settings.gateway
        payload = apdu if address is None else address.request(apdu)
        return frame(self._settings.client, self._settings.server, payload)

    def _move(self, move: Move) -> None:
        self.state = moved(self.state, move)
