"""What callers ask of outages."""

from typing import Any

from rest_framework import serializers

from listeners.models import OutageState
from listeners.outage_store.figures import MOST_DAYS
from listeners.outage_store.records import LONGEST_PAGE
from listeners.outages.facts import Level
from workorders.api.fields import IdField, InstantField, Strict


class OfCompany(Strict):
    """Of which company; superusers name it."""

    company = serializers.CharField(required=False, help_text="superusers name it")


class OutageFilters(OfCompany):
    """Which outages to list; all that is given must fit."""

    state = serializers.ChoiceField([state.value for state in OutageState], required=False)
    level = serializers.ChoiceField([level.value for level in Level], required=False)
    since = InstantField(required=False, help_text="power lost at or after")
    part_of = IdField(required=False, help_text="those that were merged into this one")
    before = IdField(required=False, help_text="the next page: the `next` of this one")
    limit = serializers.IntegerField(min_value=1, max_value=LONGEST_PAGE, default=100)


class CustomerFilters(OfCompany):
    """A page of those whom an outage reaches."""

    after = IdField(required=False, default=0, help_text="the `next` of the page before")
    limit = serializers.IntegerField(min_value=1, max_value=LONGEST_PAGE, default=100)


class DaysAsked(OfCompany):
    """Civil days of the company, both included."""

    first = serializers.DateField()
    last = serializers.DateField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        days = (attrs["last"] - attrs["first"]).days + 1
        if not 1 <= days <= MOST_DAYS:
            raise serializers.ValidationError(f"{days} days: give 1 to {MOST_DAYS}, first to last")
        return attrs
