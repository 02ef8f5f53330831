"""The forms of System Settings: the account, and its Recurring Jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from accounts.calendar import validate_instant
from accounts.models import Account, ProductSource
from accounts.zones import zone_names
from channels.enums import JobType, Kind
from channels.models import Channel
from jobs.change import ACCOUNT_FIELDS, STABLE_FIELDS, Change, Refused, put, source_channels
from jobs.models import StableJob
from jobs.pages import words
from jobs.pages.channel_form import Minutes, problems_of
from jobs.pages.sent import Data, completed
from jobs.rows import recurring_rows
from jobs.spread import BOUNDS
from jobs.world import World

_SOURCE_HELP = (
    "Which system owns product data. A channel as source imports; every other channel exports."
)
_SPREAD_HELP = (
    "Runs start within this time after their slot, each job always by the same time, so that not "
    "all start at once. Emergency jobs and webhooks are not spread."
)
_CHANNEL_HELP = "Only channels that can import products. None for omsauto's own catalogue."


class AccountForm(forms.Form):
    """The account's settings; what was not sent stays."""

    name = forms.CharField(max_length=120)
    timezone = forms.ChoiceField(
        label="Time zone", help_text="Every timetable and every time on a page is in this zone."
    )
    spread_minutes = Minutes("Spread of starts", words.delay_choices(BOUNDS), _SPREAD_HELP)
    master_product_source = forms.ChoiceField(
        label="Master Product Source", choices=ProductSource.choices, help_text=_SOURCE_HELP
    )
    master_product_channel = forms.TypedChoiceField(
        label="Master Product Channel",
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_CHANNEL_HELP,
    )
    default_fulfillment_channel = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        help_text="The warehouse that ships what the automatic workflow hands over.",
    )
    automatic_workflow = forms.BooleanField(
        required=False,
        help_text="An approved order gets a shipment, and stock is allocated to it, by itself.",
    )
    enabled = forms.BooleanField(
        required=False,
        label="Account enabled",
        help_text="A disabled account keeps its settings and runs nothing; webhooks are held.",
    )

    disable_at = forms.DateTimeField(
        required=False,
        label="Disable at",
        validators=[validate_instant],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="At this time, in the account's zone, it is disabled by itself. Empty: never.",
    )

    def __init__(self, world: World, data: Data | None = None) -> None:
        self.world, self.account = world, world.account
        account = self.account
        initial = {
            "name": account.name,
            "timezone": account.timezone,
            "spread_minutes": account.spread_minutes,
            "master_product_source": account.master_product_source,
            "master_product_channel": account.master_product_channel_id,
            "default_fulfillment_channel": account.default_fulfillment_channel_id,
            "automatic_workflow": account.automatic_workflow,
            "enabled": account.enabled,
            "disable_at": account.disable_at,
        }
        super().__init__(completed(data, initial) if data is not None else None, initial=initial)
        self._offer("timezone", [(zone, zone) for zone in _zones(account)])
        self._offer("master_product_channel", [("", "None"), *self._sources()])
        self._offer("default_fulfillment_channel", [("", "None"), *self._warehouses()])

    def _offer(self, name: str, choices: words.Choices) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def _sources(self) -> words.Choices:
        return [
            (str(channel.pk), f"{channel} ({kind.label.lower()}){_disabled(channel)}")
            for kind in Kind
            for channel in source_channels(self.world, kind)
        ]

    def _warehouses(self) -> words.Choices:
        return [
            (str(channel.pk), f"{channel}{_disabled(channel)}")
            for channel in self.world.channels.values()
            if channel.kind == Kind.FULFILLMENT
        ]

    def clean_disable_at(self) -> datetime | None:
        wanted: datetime | None = self.cleaned_data["disable_at"]
        if wanted and wanted != self.account.disable_at and wanted <= timezone.now():
            raise forms.ValidationError(
                "This time has passed. Name a later one, or untick Account enabled to disable now."
            )
        return wanted

    def clean(self) -> dict[str, Any]:
        """The engine judges what it derives from; its sentences go to their fields."""
        values = super().clean() or self.cleaned_data
        if values.get("master_product_source") == ProductSource.OWN:
            values["master_product_channel"] = None
        if not values.get("enabled"):
            values["disable_at"] = None
        try:
            put(self.world, self.change())
        except Refused as refused:
            for name, texts in refused.errors.items():
                self.add_error(name if name in self.fields else None, texts)
        return values

    def change(self) -> Change:
        """The part of the values that the engine derives from."""
        return Change(account={n: v for n, v in self.values().items() if n in ACCOUNT_FIELDS})

    def values(self) -> dict[str, Any]:
        """What differs from the stored account, by column."""
        columns = {
            f"{name}_id" if name.endswith("_channel") else name: value
            for name, value in self.cleaned_data.items()
        }
        return {n: value for n, value in columns.items() if value != getattr(self.account, n)}


def _zones(account: Account) -> list[str]:
    """All zones; an alias that an account already has stays choosable."""
    names = zone_names()
    return [*names] if account.timezone in names else [account.timezone, *names]


def _disabled(channel: Channel) -> str:
    return "" if channel.enabled else " (disabled)"


class StableRowForm(forms.Form):
    """One row of the Recurring Jobs tab."""

    enabled = forms.BooleanField(required=False)

    def __init__(self, row: Mapping[str, Any], stored: StableJob, data: Data | None) -> None:
        self.row, self.stored, self.type = row, stored, JobType(row["type"])
        initial = {name: getattr(stored, name) for name in STABLE_FIELDS}
        named = {f"{self.type.value}-{name}": value for name, value in initial.items()}
        sent = completed(data, named) if data is not None else None
        super().__init__(sent, initial=initial, prefix=self.type.value)
        self.fields["enabled"].label = f"{self.type.label} enabled"
        self.fields["period_minutes"] = Minutes(
            "Period", words.period_choices(row["periods"], stored.period_minutes)
        )
        self.fields["delay_minutes"] = Minutes(
            "Delay", words.start_delay_choices(row["delays"], stored.delay_minutes)
        )

    @property
    def does(self) -> str:
        return words.DOES[self.type]

    @property
    def has_delay(self) -> bool:
        return bool(self.row["delays"]) or self.stored.delay_minutes is not None

    def changed(self) -> dict[str, Any]:
        sent = self.cleaned_data
        return {name: sent[name] for name in sent if sent[name] != getattr(self.stored, name)}


class RecurringForm:
    """The rows of the tab, checked together."""

    def __init__(self, world: World, data: Data | None = None) -> None:
        self.world, self.bound = world, data is not None
        self.rows = [self._row(row, data) for row in recurring_rows(world)]

    def _row(self, row: Mapping[str, Any], data: Data | None) -> StableRowForm:
        unsaved = StableJob(account=self.world.account, type=row["type"])
        return StableRowForm(row, self.world.stable.get(row["type"], unsaved), data)

    @property
    def problems(self) -> list[str]:
        return problems_of(self.rows) if self.bound else []

    def is_valid(self) -> bool:
        checked = [row.is_valid() for row in self.rows]
        if not all(checked):
            return False
        for row in self.rows:
            self._check_rules(row)
        return not self.problems

    def _check_rules(self, row: StableRowForm) -> None:
        try:
            if values := row.changed():
                put(self.world, Change(stable={row.type: values}))
        except Refused as refused:
            for name, texts in refused.errors.items():
                row.add_error(name if name in row.fields else None, texts)

    def change(self) -> Change:
        changed = {row.type: row.changed() for row in self.rows}
        return Change(stable={job_type: values for job_type, values in changed.items() if values})
