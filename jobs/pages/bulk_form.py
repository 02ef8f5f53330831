"""What to set on many channels: every field may be left as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms

from channels.enums import (
    EMERGENCY_PERIODS,
    MAIN_PERIODS,
    RECURRING_DELAYS,
    TRAITS,
    WEBHOOK_DELAYS,
    JobType,
    Kind,
    Mode,
)
from jobs.bulk import Wish
from jobs.change import JOB_FIELDS
from jobs.pages import words
from jobs.plan import say
from oms.registry import LOGIC

KEEP = ("", "Leave as it is")
NONE = "none"
_SWITCH = {"yes": True, "no": False}


class BulkForm(forms.Form):
    """Fields carry the API's names; "" leaves a setting, "none" sets a duration to None."""

    mode = forms.ChoiceField(
        required=False, choices=[KEEP, *((mode.value, mode.label) for mode in Mode)]
    )
    enabled = forms.ChoiceField(
        required=False, choices=[KEEP, ("yes", "Enabled"), ("no", "Disabled")]
    )

    def __init__(self, kind: Kind, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        types = [(t.value, t.label) for t in LOGIC if kind in TRAITS[t].kinds]
        self.fields["type"] = forms.ChoiceField(
            label="Job type",
            required=False,
            choices=[("", "None"), *types],
            help_text="The durations below are set for this job.",
        )
        self.fields.update(_durations())

    def clean(self) -> dict[str, Any]:
        sent = super().clean() or self.cleaned_data
        durations = [name for name in JOB_FIELDS if sent.get(name)]
        if durations and not sent.get("type"):
            self.add_error("type", "Choose the job type that these durations are for.")
        elif sent.get("type") and not durations:
            self.add_error("type", "Choose what to set for this job, or leave the job type None.")
        elif not self.errors and not any(sent.values()):
            self.add_error(None, "Choose at least one setting to change.")
        return sent

    @property
    def wish(self) -> Wish:
        """Of a valid form."""
        sent = self.cleaned_data
        channel: dict[str, Any] = {"mode": sent["mode"]} if sent["mode"] else {}
        if sent["enabled"]:
            channel["enabled"] = _SWITCH[sent["enabled"]]
        return Wish(
            channel=channel,
            type=JobType(sent["type"]) if sent["type"] else None,
            job={
                name: None if sent[name] == NONE else int(sent[name])
                for name in JOB_FIELDS
                if sent[name]
            },
        )

    @property
    def told(self) -> list[str]:
        """The wish of a valid form in words, a line for each setting."""
        chosen = [name for name in ("mode", "enabled", *JOB_FIELDS) if self.cleaned_data[name]]
        of = self._choices("type").get(self.cleaned_data["type"], "")
        return [
            f"{f'{of}, ' if name in JOB_FIELDS else ''}{self.fields[name].label or name.title()}: "
            f"{self._choices(name)[self.cleaned_data[name]]}"
            for name in chosen
        ]

    def _choices(self, name: str) -> dict[str, str]:
        field = self.fields[name]
        return {str(key): str(word) for key, word in getattr(field, "choices", ())}

    @property
    def sent(self) -> list[tuple[str, str]]:
        """What was chosen, to be sent along with the next step."""
        return [(name, value) for name, value in self.cleaned_data.items() if value]


def _durations() -> dict[str, forms.Field]:
    return {
        "main_period_minutes": _menu("Main Job Period", MAIN_PERIODS, words.each),
        "delay_minutes": _menu("Delay of the Main Job", RECURRING_DELAYS, say, words.SHIFT),
        "webhook_delay_minutes": _menu(
            "Delay after a webhook", WEBHOOK_DELAYS, say, words.WEBHOOK_DELAY
        ),
        "emergency_period_minutes": _menu(
            "Emergency Job Period", EMERGENCY_PERIODS, say, words.EMERGENCY
        ),
    }


def _menu(
    label: str, offered: Iterable[int], word: Callable[[int | None], str], help_text: str = ""
) -> forms.ChoiceField:
    values = [(str(minutes), word(minutes)) for minutes in offered]
    return forms.ChoiceField(
        label=label,
        required=False,
        choices=[KEEP, (NONE, "None"), *values],
        help_text=help_text,
    )
