"""States of a client's association and the moves between them; an unlisted move is refused."""

from enum import Enum, auto

from devices.protocol.errors import GarbledError, IllegalMoveError


class State(Enum):
    """Where an association stands, as the client sees it."""

    IDLE = auto()
    ASSOCIATING = auto()
    AUTHENTICATING = auto()
    READY = auto()
    WAITING = auto()
    BETWEEN_BLOCKS = auto()
    RELEASING = auto()
    CLOSED = auto()
    FAILED = auto()


class Move(Enum):
    """What we send (first group) or receive."""

    ASSOCIATE = auto()
    REQUEST = auto()
    NEXT_BLOCK = auto()
    RELEASE = auto()
    ACCEPTED = auto()
    CHALLENGED = auto()
    REFUSED = auto()
    ANSWERED = auto()
    BLOCK = auto()
    RELEASED = auto()
    EXCEPTION = auto()


OURS = frozenset({Move.ASSOCIATE, Move.REQUEST, Move.NEXT_BLOCK, Move.RELEASE})

MOVES: dict[tuple[State, Move], State] = {
    (State.IDLE, Move.ASSOCIATE): State.ASSOCIATING,
    (State.ASSOCIATING, Move.ACCEPTED): State.READY,
    (State.ASSOCIATING, Move.CHALLENGED): State.AUTHENTICATING,
    (State.ASSOCIATING, Move.REFUSED): State.CLOSED,
    (State.ASSOCIATING, Move.EXCEPTION): State.CLOSED,
    (State.AUTHENTICATING, Move.ACCEPTED): State.READY,
    (State.AUTHENTICATING, Move.REFUSED): State.CLOSED,
    (State.AUTHENTICATING, Move.EXCEPTION): State.CLOSED,
    (State.READY, Move.REQUEST): State.WAITING,
    (State.READY, Move.RELEASE): State.RELEASING,
    (State.WAITING, Move.ANSWERED): State.READY,
    (State.WAITING, Move.BLOCK): State.BETWEEN_BLOCKS,
    (State.WAITING, Move.EXCEPTION): State.READY,
    (State.BETWEEN_BLOCKS, Move.NEXT_BLOCK): State.WAITING,
    # a long answer may be abandoned
    (State.BETWEEN_BLOCKS, Move.REQUEST): State.WAITING,
    (State.BETWEEN_BLOCKS, Move.RELEASE): State.RELEASING,
    (State.RELEASING, Move.RELEASED): State.CLOSED,
    (State.RELEASING, Move.EXCEPTION): State.CLOSED,
}


def moved(state: State, move: Move) -> State:
    """The state after `move`; IllegalMoveError for a wrong one of ours, GarbledError of theirs."""
    target = MOVES.get((state, move))
    if target is not None:
        return target
    if move in OURS:
        raise IllegalMoveError(f"{move.name} is not allowed while {state.name}")
    raise GarbledError(f"the peer sent {move.name} while {state.name}")
