"""xDLMS and release APDUs (IEC 62056-5-3): dataclasses with `encode`, and a decoder per service."""

from devices.protocol.apdu.action import (
    ActionBlockTaken,
    ActionFirstBlock,
    ActionNextBlock,
    ActionRequest,
    ActionResponse,
    decode_action_request,
    decode_action_response,
)
from devices.protocol.apdu.errors import (
    ConfirmedServiceError,
    ExceptionResponse,
    decode_confirmed_service_error,
    decode_exception,
)
from devices.protocol.apdu.get import (
    GetBlock,
    GetListRequest,
    GetListResponse,
    GetNext,
    GetRequest,
    GetResponse,
    Wanted,
    decode_get_request,
    decode_get_response,
)
from devices.protocol.apdu.names import Attribute, Method, attribute_named, method_named
from devices.protocol.apdu.release import Release, decode_release
from devices.protocol.apdu.set import (
    SetBlockTaken,
    SetFirstBlock,
    SetNextBlock,
    SetRequest,
    SetResponse,
    decode_set_request,
    decode_set_response,
)

__all__ = [
    "ActionBlockTaken", "ActionFirstBlock", "ActionNextBlock", "ActionRequest", "ActionResponse",
    "Attribute", "ConfirmedServiceError", "ExceptionResponse", "GetBlock", "GetListRequest",
    "GetListResponse", "GetNext", "GetRequest", "GetResponse", "Method", "Release",
    "SetBlockTaken", "SetFirstBlock", "SetNextBlock", "SetRequest", "SetResponse", "Wanted",
    "attribute_named", "decode_action_request", "decode_action_response",
    "decode_confirmed_service_error", "decode_exception", "decode_get_request",
    "decode_get_response", "decode_release", "decode_set_request", "decode_set_response",
    "method_named",
]  # fmt: skip
