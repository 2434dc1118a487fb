"""The table of companion profile 6, line by line."""

import pytest

from devices.drivers.base import (
    Busy,
    Contact,
    Garbled,
    Locked,
    NodeSilent,
    Refused,
    Timeout,
    Unreachable,
)
from devices.protocol import events
from devices.protocol.errors import (
    ActionStatus,
    AssociationResult,
    DataAccess,
    ServiceError,
    StateError,
)
from devices.session import errors

PERMANENT, TRANSIENT = AssociationResult.REJECTED_PERMANENT, AssociationResult.REJECTED_TRANSIENT
NOT_ALLOWED, UNKNOWN = StateError.SERVICE_NOT_ALLOWED, StateError.SERVICE_UNKNOWN
MADE, MISSED, UNTOUCHED = Contact.MADE, Contact.MISSED, Contact.UNKNOWN


def rejected(result: AssociationResult, diagnostic: int) -> events.AssociationRejected:
    return events.AssociationRejected(result, diagnostic)


def exception(state: StateError, service: int) -> events.ServerException:
    return events.ServerException(state, ServiceError(service), None)


@pytest.mark.parametrize(
    ("seen", "kind", "contact", "text"),
    [
        (rejected(TRANSIENT, 1), Busy, MADE, "[TB_ACK_193] BUSY"),
        (rejected(PERMANENT, 13), Locked, MADE, "[TB_ACK_163] AUTHENTICATION FAILURE"),
        (rejected(PERMANENT, 14), Locked, MADE, "[TB_ACK_163] AUTHENTICATION FAILURE"),
        (rejected(PERMANENT, 2), Refused, MADE, "[TB_ACK_152] ASSOCIATION REFUSED"),
        (events.ServiceErrorReply(1, 6, 2), Refused, MADE, "[TB_ACK_150] ASSOCIATION REFUSED"),
        (events.NotAuthentic("title"), Locked, MADE, "[TB_ACK_194] DEVICE NOT AUTHENTIC"),
        (exception(NOT_ALLOWED, 6), Locked, MADE, "[TB_ACK_146] COUNTER"),
        (exception(UNKNOWN, 6), Locked, MADE, "[TB_ACK_146] COUNTER"),
        (exception(NOT_ALLOWED, 5), Locked, MADE, "[TB_ACK_145] KEY"),
        (exception(NOT_ALLOWED, 1), Refused, MADE, "[TB_ACK_195] NOT ASSOCIATED"),
        (exception(UNKNOWN, 2), Refused, MADE, "[TB_ACK_142] SERVICE UNKNOWN"),
        (exception(UNKNOWN, 4), Refused, MADE, "[TB_ACK_144] PDU TOO LONG"),
        (
            events.NodeSilent(exception(UNKNOWN, 1)),
            NodeSilent, MADE, "[TB_ACK_21] NODE NOT REACHABLE AGENT",
        ),
        (events.DataError(DataAccess(1)), Refused, MADE, "[TB_ACK_101] HARDWARE FAULT"),
        (events.DataError(DataAccess(250)), Refused, MADE, "[TB_ACK_199] OTHER"),
        (events.Result(DataAccess(2)), Refused, MADE, "[TB_ACK_102] TEMPORARY FAILURE"),
        (events.ActionResult(ActionStatus(3)), Refused, MADE, "[TB_ACK_103] READ WRITE DENIED"),
        (events.ActionResult(ActionStatus(250)), Refused, MADE, "[TB_ACK_199] OTHER"),
        (events.DataError(DataAccess(4)), Refused, MADE, "[TB_ACK_104] OBJECT UNDEFINED"),
        (events.DataError(DataAccess(9)), Refused, MADE, "[TB_ACK_109] OBJECT CLASS INCONSISTENT"),
        (events.DataError(DataAccess(11)), Refused, MADE, "[TB_ACK_111] OBJECT UNAVAILABLE"),
        (events.DataError(DataAccess(12)), Refused, MADE, "[TB_ACK_112] TYPE UNMATCHED"),
        (events.DataError(DataAccess(13)), Refused, MADE, "[TB_ACK_113] SCOPE OF ACCESS VIOLATED"),
        (events.DataError(DataAccess(14)), Garbled, MADE, "[TB_ACK_190] GARBLED"),
        (events.DataError(DataAccess(19)), Garbled, MADE, "[TB_ACK_190] GARBLED"),
        (events.Released(), Garbled, MADE, "[TB_ACK_190] GARBLED"),
    ],
)  # fmt: skip
def test_what_was_seen_becomes_the_error_of_the_profile(seen, kind, contact, text):
    error = errors.of(seen)
    assert isinstance(error, kind)
    assert (error.contact, error.text) == (contact, text)


@pytest.mark.parametrize(
    ("error", "kind", "contact", "text"),
    [
        (errors.open_failed(), Unreachable, MISSED,
         "Concentrator is unreachable [Open socket is failed]"),
        (errors.no_answer(), Unreachable, MISSED, "Concentrator is unreachable [No answer]"),
        (errors.exchange_timeout(), Timeout, UNTOUCHED, "[TB_ACK_191] TIMEOUT"),
        (errors.visit_limit(), Timeout, UNTOUCHED, "[TB_ACK_192] VISIT LIMIT"),
        (errors.garbled(), Garbled, MADE, "[TB_ACK_190] GARBLED"),
        (errors.garbled(greeted=False), Garbled, MISSED, "[TB_ACK_190] GARBLED"),
        (errors.wrong_device("CONCENTRATOR"), Refused, MADE, "[TB_ACK_196] WRONG CONCENTRATOR"),
        (errors.node_silent(40), NodeSilent, MADE, "[TB_ACK_40] REPEATER 1 FAILURE"),
        (errors.node_silent(42), NodeSilent, MADE, "[TB_ACK_42] REPEATER 3 FAILURE"),
    ],
)  # fmt: skip
def test_local_findings_have_their_lines_too(error, kind, contact, text):
    assert isinstance(error, kind)
    assert (error.contact, error.text) == (contact, text)
