"""Fields and their rules: what is misspelt is refused, not ignored, and a time has an offset."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.timezone import is_naive
from rest_framework import serializers

from hes.domain import identifiers
from hes.domain.errors import BadValue

LARGEST_ID = 2**63 - 1


class Strict(serializers.Serializer[Any]):
    """Refuses names it does not know: an order whose `expires_at` is misspelt must not be sent."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping) and (unknown := [n for n in data if n not in self.fields]):
            cure = f"not known - use {', '.join(self.fields)}"
            raise serializers.ValidationError({str(unknown[0])[:40]: [cure]})
        found: dict[str, Any] = super().to_internal_value(data)
        return found


class InstantField(serializers.DateTimeField):
    """ISO 8601 with offset: a time without one means another thing to whoever reads it."""

    def enforce_timezone(self, value: datetime) -> datetime:
        if is_naive(value):
            raise serializers.ValidationError("write a time with offset: 2026-11-28T10:15:00-03:00")
        return super().enforce_timezone(value)


class PrintableField(serializers.CharField):
    """Text that may stand in an export line."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return identifiers.plain_text(text, self.max_length or 200)
        except BadValue as fault:
            raise serializers.ValidationError(str(fault)) from None


class IdField(serializers.IntegerField):
    """The number of an order."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **options)
