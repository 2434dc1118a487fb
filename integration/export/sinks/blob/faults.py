"""What the faults of the SDK mean for an operator, in sentences that show no secret.

Codes: Azure Storage, "Common REST API error codes" and "Blob Storage error codes".
"""

from collections.abc import Mapping

from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from integration.export.sinks.blob.expiry import RENEW
from integration.export.sinks.blob.target import Target

_REFUSED = f"the service refuses the signature or key; {RENEW}"
_FORBIDDEN = f"the signature does not let us create and write here; {RENEW}"
_MEANINGS: Mapping[str, str] = {
    "AuthenticationFailed": _REFUSED,
    "AuthorizationFailure": _REFUSED,
    "InvalidAuthenticationInfo": _REFUSED,
    "AuthorizationPermissionMismatch": _FORBIDDEN,
    "AuthorizationResourceTypeMismatch": _FORBIDDEN,
    "AuthorizationServiceMismatch": _FORBIDDEN,
    "ContainerNotFound": "the container does not exist; create it, the exporter never does",
    "AccountIsDisabled": "the storage account is disabled; ask who owns it",
}
LONGEST_DETAIL = 120


def explain(fault: Exception, target: Target) -> str:
    """What is wrong and what to do about it."""
    meaning = _MEANINGS.get(code_of(fault)) or _by_kind(fault)
    return f"{meaning} ({_first_line(target.scrub(str(fault))) or type(fault).__name__})"


def code_of(fault: Exception) -> str:
    """The service's own code, '' when it gave none."""
    code = getattr(fault, "error_code", None)
    return str(getattr(code, "value", code) or "")


def is_answer(fault: Exception) -> bool:
    """Whether the service has said no: then this request has stored nothing."""
    status = fault.status_code if isinstance(fault, HttpResponseError) else None
    return status is not None and 400 <= status < 500


def _by_kind(fault: Exception) -> str:
    if isinstance(fault, ServiceRequestError):
        return "the service cannot be reached; check address, network and service"
    if isinstance(fault, ServiceResponseError):
        return "the service does not answer in time; check network and service"
    if isinstance(fault, AzureError):
        return "the service did not take it; it is tried again"
    return "it is tried again"


def _first_line(text: str) -> str:
    """The rest is for the service's own people."""
    return text.strip().partition("\n")[0][:LONGEST_DETAIL]
