"""PODs that are never disconnected by a batch, and singly only with approval (design D14).

Life support, a hospital: who protects one and who takes that back, and why, stands in the audit.
"""

from django.db import connection, transaction

from devices import audit
from devices.audit import Act
from devices.models import Company, UsagePoint
from hes.domain import identifiers
from hes.domain.errors import BadValue, HesError
from workorders.models import ProtectedPoint

ADD, REMOVE = "protection.add", "protection.remove"
REASON_LIMIT = 200


def add(company: Company, pod: str, reason: str, who: str) -> ProtectedPoint:
    """Protect a POD. Raises HesError where there is none, it is protected, or no reason is told."""
    point, why = _point(company, pod), _reason(reason)
    with transaction.atomic():
        made, is_new = ProtectedPoint.objects.get_or_create(
            usage_point=point, defaults={"reason": why}
        )
        if not is_new:
            raise HesError(f"POD {pod} is protected already: {made.reason}")
        _note(ADD, company, pod, why, who)
    return made


def remove(company: Company, pod: str, reason: str, who: str) -> None:
    """Take the protection back. Raises HesError where there is none, or no reason is told."""
    point, why = _point(company, pod), _reason(reason)
    with transaction.atomic():
        count, _ = ProtectedPoint.objects.filter(usage_point=point).delete()
        if not count:
            raise HesError(f"POD {pod} is not protected: see `hes protect list`")
        _note(REMOVE, company, pod, why, who)


def _point(company: Company, pod: str) -> UsagePoint:
    point = UsagePoint.objects.filter(company=company, name=pod).first()
    if point is None:
        raise HesError(f"no POD of {company.code} is called {pod}: write its name as in template 1")
    return point


def _reason(text: str) -> str:
    try:
        return identifiers.name(text, REASON_LIMIT)
    except BadValue as fault:
        raise HesError(f"the reason {fault}") from None


def _note(act: str, company: Company, pod: str, reason: str, who: str) -> None:
    with connection.cursor() as cursor:
        audit.note(cursor, Act(act, who, company.pk, target=f"POD {pod}", text=reason))
