"""What the failures of the SDK mean, and that none of them tells a secret."""

import pytest
from azure.eventhub._pyamqp.error import AMQPLinkError, ErrorCondition, MessageException
from azure.eventhub.exceptions import (
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    EventDataSendError,
    EventHubError,
)

from integration.export.sinks.event_hub.errors import Rejected, Unavailable, of_sdk, told

KEY = "c2VjcmV0a2V5c2VjcmV0a2V5c2VjcmV0a2V5c2U="


def _refusal(condition):
    return EventDataSendError("no", MessageException(condition, description="no"))


@pytest.mark.parametrize(
    "condition",
    [b"amqp:not-allowed", b"amqp:decode-error", b"com.microsoft:argument-error", b"new:unheard-of"],
)
def test_a_refusal_that_speaks_of_no_trouble_of_the_service_is_about_the_content(condition):
    meaning = of_sdk(_refusal(condition), 7)
    assert isinstance(meaning, Rejected)
    assert (meaning.count, meaning.is_final) == (7, False)


@pytest.mark.parametrize(
    "condition",
    [
        b"com.microsoft:server-busy",
        b"com.microsoft:timeout",
        b"com.microsoft:operation-cancelled",
        b"amqp:internal-error",
        b"amqp:resource-limit-exceeded",
        b"amqp:unauthorized-access",
        b"amqp:link:detach-forced",
        b"amqp:connection:forced",
    ],
)
def test_a_service_in_trouble_is_waited_for_over_the_same_connection(condition):
    meaning = of_sdk(_refusal(condition), 7)
    assert isinstance(meaning, Unavailable)
    assert meaning.is_answer


@pytest.mark.parametrize(
    "fault",
    [
        _refusal(ErrorCondition.UnknownError),
        _refusal(ErrorCondition.ClientError),
        EventDataSendError("the link went away"),
        ConnectError("refused"),
        ConnectionLostError("gone"),
        AuthenticationError("401"),
        EventHubError("something"),
        TimeoutError("no answer"),
        AttributeError("'NoneType' object has no attribute 'attach'"),
    ],
)
def test_whatever_is_no_answer_of_the_service_asks_for_a_new_connection(fault):
    meaning = of_sdk(fault, 7)
    assert isinstance(meaning, Unavailable)
    assert not meaning.is_answer


def test_a_batch_above_the_size_of_the_link_is_about_the_content():
    lost = AMQPLinkError(ErrorCondition.LinkMessageSizeExceeded, description="too large")
    assert isinstance(of_sdk(ConnectionLostError("lost", lost), 3), Rejected)


@pytest.mark.parametrize(
    "text",
    [
        f"Endpoint=sb://h/;SharedAccessKeyName=n;SharedAccessKey={KEY};EntityPath=x",
        f"token SharedAccessSignature sr=h&sig={KEY}&se=1&skn=n is not accepted",
        f"https://x/y?sv=1&sig={KEY}&se=2",
        f"Authorization: Bearer {KEY}",
        f"SHAREDACCESSKEY={KEY}",
        "jwt eyJhbGciOi.c2VjcmV0a2V5c2VjcmV0.c2Vj",
    ],
)
def test_no_secret_is_told(text):
    assert "c2Vj" not in told(ValueError(text))
    assert "c2Vj" not in str(of_sdk(ConnectError(text), 1))


def test_what_is_told_is_one_short_line_and_never_empty():
    assert told(TimeoutError()) == "TimeoutError"
    assert told(ValueError("a\n  b\n")) == "a b"
    assert len(told(ValueError("x" * 1_000))) == 280
