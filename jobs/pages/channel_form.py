"""The form of a channel's page: general settings, the rows of its jobs, mappings, connection.

Fields carry the API's names. A field that was not sent stays as it is; an empty duration is None.
"""

from __future__ import annotations

from collections.abc import Iterable

from django import forms

from channels.connectors.base import Capability
from channels.enums import EMERGENCY_PERIODS, TRAITS, WEBHOOK_DELAYS, JobType, Row
from channels.models import Channel
from jobs.change import JOB_FIELDS, Change, Refused, modes_of, put
from jobs.models import Job
from jobs.pages import words
from jobs.pages.connection_form import ConnectionForm, touches
from jobs.pages.mapping_form import MappingForms
from jobs.pages.sent import Data, completed
from jobs.saving import secrets_known
from jobs.world import World, capability


class Minutes(forms.TypedChoiceField):
    """A menu of durations; the empty choice is None."""

    def __init__(self, label: str, choices: words.Choices, help_text: str = "") -> None:
        offered = ", ".join(name for _value, name in choices)
        super().__init__(
            label=label,
            choices=choices,
            coerce=int,
            empty_value=None,
            required=False,
            help_text=help_text,
            error_messages={
                "invalid_choice": f"“%(value)s” is not offered here. Choose one of: {offered}."
            },
        )


class GeneralForm(forms.Form):
    name = forms.CharField(max_length=120)
    mode = forms.ChoiceField()
    enabled = forms.BooleanField(
        required=False, help_text="A disabled channel keeps its settings and runs nothing."
    )

    def __init__(self, channel: Channel, data: Data | None = None) -> None:
        self.channel = channel
        initial = {"name": channel.name, "mode": channel.mode, "enabled": channel.enabled}
        super().__init__(completed(data, initial) if data is not None else None, initial=initial)
        modes = [(mode.value, mode.label) for mode in modes_of(channel)]
        labels = ", ".join(label for _value, label in modes)
        mode = self.fields["mode"] = forms.ChoiceField(choices=modes)
        mode.error_messages["invalid_choice"] = f"This channel offers the modes {labels}."

    @property
    def chosen_mode(self) -> str:
        """The mode on the form, where the channel offers it; else the stored one."""
        chosen = str(self["mode"].value())
        return chosen if chosen in modes_of(self.channel) else self.channel.mode


class JobForm(forms.Form):
    """The four durations of one job; which of them show is up to its row."""

    def __init__(self, job: Job, owner: Capability, row: Row | None, data: Data | None) -> None:
        initial = {f"{job.type}-{name}": getattr(job, name) for name in JOB_FIELDS}
        super().__init__(
            completed(data, initial) if data is not None else None,
            initial={name: getattr(job, name) for name in JOB_FIELDS},
            prefix=job.type,
        )
        self.job = job
        self.fields.update(_duration_fields(job, owner, row))

    def changed(self) -> dict[str, int | None]:
        """The durations that differ from the stored ones."""
        sent: dict[str, int | None] = self.cleaned_data
        return {name: sent[name] for name in sent if sent[name] != getattr(self.job, name)}


def _duration_fields(job: Job, owner: Capability, row: Row | None) -> dict[str, forms.Field]:
    delays = owner.delays if TRAITS[JobType(job.type)].delay_on_recurring else ()
    return {
        "webhook_delay_minutes": Minutes(
            "Delay",
            words.delay_choices(WEBHOOK_DELAYS, job.webhook_delay_minutes),
            words.WEBHOOK_DELAY,
        ),
        "emergency_period_minutes": Minutes(
            "Emergency Job Period",
            words.delay_choices(EMERGENCY_PERIODS, job.emergency_period_minutes),
            words.EMERGENCY,
        ),
        "delay_minutes": Minutes(
            "Delay", words.delay_choices(delays, job.delay_minutes), words.delay_meaning(row)
        ),
        "main_period_minutes": Minutes(
            "Main Job Period", words.period_choices(owner.periods, job.main_period_minutes)
        ),
    }


def problems_of(bound: Iterable[forms.Form]) -> list[str]:
    """Each sentence once: one may stand at two fields."""
    texts = (str(text) for form in bound for found in form.errors.values() for text in found)
    return list(dict.fromkeys(texts))


def _note_stored(form: forms.Form) -> None:
    """On each control what is stored, so that the page can mark what differs from it."""
    for name, field in form.fields.items():
        value = form.get_initial_for_field(field, name)
        if value is None and isinstance(field, forms.ChoiceField) and field.required:
            continue  # nothing is stored yet: its first choice is what the page begins with
        known = {True: "on", False: "", None: ""}.get(value, value)
        field.widget.attrs["data-stored"] = str(known)


class ChannelForm:
    """All forms of a channel's page, checked together and turned into one change."""

    def __init__(self, world: World, channel: Channel, data: Data | None = None) -> None:
        self.world, self.channel, self.bound = world, channel, data is not None
        self.general = GeneralForm(channel, data)
        self.target = self._with_mode(self.general.chosen_mode)
        self.jobs = {form.job.type: form for form in self._job_forms(data)}
        self.mappings = MappingForms(world, channel, data)
        self.connection = ConnectionForm(
            channel.connector_class,
            channel.settings,
            secrets_known(channel),
            data if data is not None and touches(data) else None,
        )
        for form in self._all:
            _note_stored(form)

    def _with_mode(self, mode: str) -> World:
        """The world as it would be in the mode on the form: its rows are those that show."""
        return put(self.world, Change(channels={self.channel.pk: {"mode": mode}}))

    def _job_forms(self, data: Data | None) -> list[JobForm]:
        found = []
        for job in self.world.jobs.values():
            owner = capability(self.channel, JobType(job.type))
            if owner:
                row = self.target.plan(job).row
                found.append(JobForm(job, owner, row, data))
        return found

    @property
    def _all(self) -> list[forms.Form]:
        return [self.general, *self.jobs.values(), *self.mappings.all, self.connection]

    @property
    def forms(self) -> list[forms.Form]:
        """The forms that were sent something; the connection is left alone where it was not."""
        return [form for form in self._all if form.is_bound]

    @property
    def problems(self) -> list[str]:
        """The sentences of every field that does not fit."""
        return problems_of(self.forms)

    def lock(self) -> None:
        """Show the values to somebody who may not change them."""
        for form in self._all:
            for field in form.fields.values():
                field.disabled = True

    def is_valid(self) -> bool:
        """Checks every field, then every row against the rules; errors stand at their fields.

        A form that fits shows its rows as they would be once it is saved.
        """
        checked = [form.is_valid() for form in self.forms]
        if not all(checked):
            return False
        for form in self.jobs.values():
            self._check_rules(form)
        self.mappings.check_rules()
        if any(form.errors for form in self.forms):
            return False
        self.target = put(self.world, self.change())
        return True

    def _check_rules(self, form: JobForm) -> None:
        values = form.changed()
        try:
            if values:
                put(self.world, Change(jobs={(self.channel.pk, form.job.type): values}))
        except Refused as refused:
            for name, texts in refused.errors.items():
                form.add_error(name if name in form.fields else None, texts)

    def change(self) -> Change:
        """What differs from the stored settings of the engine."""
        sent = self.general.cleaned_data
        channel = {
            name: sent[name]
            for name in ("mode", "enabled")
            if sent[name] != getattr(self.channel, name)
        }
        jobs = {(self.channel.pk, form.job.type): form.changed() for form in self.jobs.values()}
        return Change(
            channels={self.channel.pk: channel} if channel else {},
            jobs={key: values for key, values in jobs.items() if values},
            **self.mappings.parts(),
        )

    @property
    def name(self) -> str:
        found: str = self.general.cleaned_data["name"]
        return found
