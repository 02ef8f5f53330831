"""The forms of a destination and of a rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from channels.enums import JobType
from channels.models import Channel
from jobs.plan import say
from notifications import addresses
from notifications.models import CauseKind, Destination, DestinationKind, Level, Rule
from notifications.rules import Scope

QUIET = (0, 1, 2, 5, 10, 15, 30, 60, 120, 240)
REMINDERS = (30, 60, 120, 240, 480, 1440)
FAILURES = (1, 2, 3, 5, 10, 20)
MOST = 50
"""Destinations of an account, and rules: the page shows them all."""
_LEVELS = {
    Level.WARNING: "All, warnings too",
    Level.ERROR: "Errors and fatal",
    Level.FATAL: "Only fatal",
}


class _Channels(forms.ModelMultipleChoiceField[Channel]):
    def label_from_instance(self, channel: Channel) -> str:
        return f"{channel} (deleted)" if channel.deleted_at else str(channel)


class DestinationForm(forms.Form):
    """A stored address is never filled in: empty keeps it."""

    name = forms.CharField(
        max_length=80, help_text="How you call it, such as Team chat or On-call pager."
    )
    kind = forms.ChoiceField(label="Sends to", choices=DestinationKind.choices)
    address = forms.CharField(
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )
    enabled = forms.BooleanField(required=False, label="Switched on")

    def __init__(self, destination: Destination, data: Any = None) -> None:
        self.destination = destination
        initial = {
            "name": destination.name,
            "kind": destination.kind,
            "enabled": destination.enabled,
        }
        super().__init__(data, initial=initial)
        self.fields["address"].help_text = (
            "Kept encrypted, and never shown again. Leave it empty to keep the stored one."
            if destination.sealed
            else "Copy one of the forms of the guide and put in your own parts. It is kept "
            "encrypted, and never shown again."
        )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        same = self.destination.account.destinations.filter(name=name)
        if same.exclude(pk=self.destination.pk).exists():
            raise forms.ValidationError("Another destination has this name; choose one of its own.")
        if not self.destination.pk and self.destination.account.destinations.count() >= MOST:
            raise forms.ValidationError(f"An account has at most {MOST}; delete one first.")
        return name

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("kind") != DestinationKind.ADDRESS:
            values["address"] = ""
        elif address := values.get("address"):
            try:
                addresses.open_address(address)
            except addresses.BadAddress as error:
                self.add_error("address", str(error))
        elif not self.destination.sealed:
            self.add_error("address", "Enter an address; the guide shows the usual forms.")
        return values


class RuleForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="It stands at the end of each message.")
    enabled = forms.BooleanField(required=False, label="Switched on")
    destinations = forms.ModelMultipleChoiceField(
        Destination.objects.none(), label="Tell", widget=forms.CheckboxSelectMultiple
    )
    kinds = forms.MultipleChoiceField(
        label="Of these causes",
        choices=CauseKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all of them.",
    )
    least_level = forms.ChoiceField(
        label="Levels",
        choices=[(level.value, words) for level, words in _LEVELS.items()],
        help_text="As in the log of a run: fatal waits for a person, warning may mend itself.",
    )
    channels = _Channels(
        Channel.objects.none(),
        label="Of these channels",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all, those connected later too. What concerns the whole account "
        "is told in any case.",
    )
    types = forms.MultipleChoiceField(
        label="Of these jobs",
        choices=JobType.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all. What concerns a whole channel is told in any case.",
    )
    after_failures = forms.TypedChoiceField(
        label="A job failed",
        coerce=int,
        choices=[(n, "Once" if n == 1 else f"{n} times in a row") for n in FAILURES],
        help_text="A failed run has been tried up to five times already.",
    )
    quiet_minutes = forms.TypedChoiceField(
        label="Still broken after",
        coerce=int,
        choices=[(n, say(n) if n else "At once") for n in QUIET],
        help_text="What mends itself sooner is not told.",
    )
    reminder_minutes = forms.TypedChoiceField(
        label="Remind while it is broken",
        coerce=int,
        required=False,
        empty_value=None,
        choices=[("", "Never"), *((n, f"Each {say(n).removeprefix('1 ')}") for n in REMINDERS)],
        help_text="The end of what was told is told in any case, once.",
    )

    def __init__(self, rule: Rule, data: Any = None) -> None:
        self.rule, account = rule, rule.account
        super().__init__(data, initial=_initial(rule))
        self._offer("destinations", account.destinations.all())
        self._offer("channels", _channels(rule))

    def _offer(self, name: str, rows: QuerySet[Any]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ModelMultipleChoiceField):
            field.queryset = rows

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.rule.account.rules.filter(name=name).exclude(pk=self.rule.pk).exists():
            raise forms.ValidationError("Another rule has this name; choose one of its own.")
        if not self.rule.pk and self.rule.account.rules.count() >= MOST:
            raise forms.ValidationError(f"An account has at most {MOST}; delete one first.")
        return name

    def scope_of(self, values: Mapping[str, Any]) -> Scope:
        """What the rule covers by these values; one that is missing is as if nothing was chosen."""
        level = values.get("least_level")
        return Scope(
            channels={getattr(one, "pk", one) for one in values.get("channels") or ()},
            types=values.get("types") or (),
            kinds=values.get("kinds") or (),
            least_level=Level(level) if level else Level.WARNING,
            after_failures=values.get("after_failures") or 1,
        )


def _channels(rule: Rule) -> QuerySet[Channel]:
    """Those that are there and those that it names: without its last one it would cover all."""
    own = rule.channels.values("pk") if rule.pk else []
    return rule.account.channels.filter(Q(deleted_at=None) | Q(pk__in=own))


def _initial(rule: Rule) -> dict[str, Any]:
    names = ("name", "enabled", "types", "kinds", "least_level", "after_failures")
    initial = {name: getattr(rule, name) for name in (*names, "quiet_minutes", "reminder_minutes")}
    if rule.pk:
        initial["destinations"] = list(rule.destinations.values_list("pk", flat=True))
        initial["channels"] = list(rule.channels.values_list("pk", flat=True))
    return initial
