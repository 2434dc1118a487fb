import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol import axdr
from devices.protocol.apdu import (
    ActionBlockTaken,
    ActionFirstBlock,
    ActionNextBlock,
    ActionRequest,
    ActionResponse,
    Attribute,
    ConfirmedServiceError,
    ExceptionResponse,
    GetBlock,
    GetListRequest,
    GetListResponse,
    GetNext,
    GetRequest,
    GetResponse,
    Method,
    SetBlockTaken,
    SetFirstBlock,
    SetNextBlock,
    SetRequest,
    SetResponse,
    decode_action_request,
    decode_action_response,
    decode_confirmed_service_error,
    decode_exception,
    decode_get_request,
    decode_get_response,
    decode_set_request,
    decode_set_response,
)
from devices.protocol.errors import ActionStatus, DataAccess, ServiceError, StateError
from devices.protocol.selective import ByEntry, ByRange, CaptureObject
from tests.devices.protocol.strategies import scalars, values

names = st.binary(min_size=6, max_size=6)
numbers = st.integers(0, 2**16 - 1)
indexes = st.integers(-128, 127)
invokes = st.integers(0xC0, 0xCF)
blocks = st.integers(0, 2**32 - 1)
raws = values.map(axdr.encode)
pieces = st.binary(max_size=300)
attributes = st.builds(Attribute, numbers, names, indexes)
methods = st.builds(Method, numbers, names, indexes)
columns = st.builds(CaptureObject, numbers, names, indexes, numbers)
ranges = st.builds(ByRange, columns, scalars, scalars, st.lists(columns, max_size=3).map(tuple))
entries = st.builds(ByEntry, blocks, blocks, numbers, numbers)
selections = st.none() | ranges | entries
reasons = st.sampled_from(DataAccess)

get_requests = st.one_of(
    st.builds(GetRequest, invokes, attributes, selections),
    st.builds(GetNext, invokes, blocks),
    st.builds(
        GetListRequest,
        invokes,
        st.lists(st.tuples(attributes, selections), max_size=4).map(tuple),
    ),
)
get_responses = st.one_of(
    st.builds(GetResponse, invokes, raws | reasons),
    st.builds(GetBlock, invokes, st.booleans(), blocks, pieces | reasons),
    st.builds(GetListResponse, invokes, st.lists(values | reasons, max_size=4).map(tuple)),
)
set_requests = st.one_of(
    st.builds(SetRequest, invokes, attributes, selections, raws),
    st.builds(SetFirstBlock, invokes, attributes, selections, st.booleans(), blocks, pieces),
    st.builds(SetNextBlock, invokes, st.booleans(), blocks, pieces),
)
set_responses = st.one_of(
    st.builds(SetResponse, invokes, reasons, st.none() | blocks),
    st.builds(SetBlockTaken, invokes, blocks),
)
action_requests = st.one_of(
    st.builds(ActionRequest, invokes, methods, st.none() | raws),
    st.builds(ActionFirstBlock, invokes, methods, st.booleans(), blocks, pieces),
    st.builds(ActionNextBlock, invokes, st.booleans(), blocks, pieces),
)
action_responses = st.one_of(
    st.builds(ActionResponse, invokes, st.sampled_from(ActionStatus), st.none() | raws | reasons),
    st.builds(ActionBlockTaken, invokes, blocks),
)
exceptions = st.builds(
    ExceptionResponse,
    st.sampled_from(StateError),
    st.sampled_from(ServiceError),
    st.none() | blocks,
)
octet = st.integers(0, 255)
errors = st.builds(ConfirmedServiceError, octet, octet, octet)


@pytest.mark.parametrize(
    ("services", "decode"),
    [
        (get_requests, decode_get_request),
        (get_responses, decode_get_response),
        (set_requests, decode_set_request),
        (set_responses, decode_set_response),
        (action_requests, decode_action_request),
        (action_responses, decode_action_response),
        (exceptions, decode_exception),
        (errors, decode_confirmed_service_error),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
@given(st.data())
def test_every_service_is_read_back_as_it_was_written(services, decode, data):
    service = data.draw(services)
    assert decode(service.encode()) == service
