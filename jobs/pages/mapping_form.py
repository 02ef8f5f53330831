"""The webhook mappings of a channel on its page: switches, id paths, topics of one's own."""

from __future__ import annotations

from typing import Any

from django import forms

from channels.enums import JobType
from channels.models import Channel, WebhookMapping
from jobs.change import Change, Refused, put
from jobs.mappings import NewMapping, mappable_types, takes_topics
from jobs.pages.sent import Data, completed
from jobs.world import World

PATH_HINT = "The channel's Id path"


class IdPath(forms.CharField):
    """What is no path is refused by the rules, with a sentence of theirs."""

    def __init__(self) -> None:
        widget = forms.TextInput(attrs={"placeholder": PATH_HINT, "spellcheck": "false"})
        super().__init__(label="Id path", required=False, widget=widget)


class MappingForm(forms.Form):
    """A mapping; one with `own` topics has an id path and can be removed."""

    enabled = forms.BooleanField(required=False)

    def __init__(self, mapping: WebhookMapping, data: Data | None, *, own: bool) -> None:
        prefix = f"mapping-{mapping.pk}"
        initial: dict[str, Any] = {"enabled": mapping.enabled}
        if own:
            initial |= {"id_path": mapping.id_path, "removed": False}
        named = {f"{prefix}-{name}": value for name, value in initial.items()}
        sent = completed(data, named) if data is not None else None
        super().__init__(sent, initial=initial, prefix=prefix)
        self.mapping, self.own = mapping, own
        self.fields["enabled"].label = mapping.topic
        if own:
            self.fields["id_path"] = IdPath()
            self.fields["removed"] = forms.BooleanField(label="Remove", required=False)

    @property
    def starts(self) -> str:
        return JobType(self.mapping.type).label

    @property
    def removed(self) -> bool:
        return bool(self.cleaned_data.get("removed"))

    def changed(self) -> dict[str, Any]:
        """The fields that differ from the stored ones; none of one that is to be removed."""
        names = [] if self.removed else [n for n in self.fields if n != "removed"]
        sent: dict[str, Any] = self.cleaned_data
        return {n: sent[n] for n in names if sent[n] != getattr(self.mapping, n)}


class NewMappingForm(forms.Form):
    """A topic to be added; one without topic and id path adds nothing."""

    topic = forms.CharField(required=False)
    type = forms.ChoiceField(label="Starts", required=False)

    def __init__(self, channel: Channel, data: Data | None) -> None:
        initial = {"topic": "", "type": "", "id_path": ""}
        named = {f"new_mapping-{name}": value for name, value in initial.items()}
        sent = completed(data, named) if data is not None else None
        super().__init__(sent, initial=initial, prefix="new_mapping")
        self.channel = channel
        types = [(job_type.value, job_type.label) for job_type in mappable_types(channel)]
        self.fields["type"] = forms.ChoiceField(label="Starts", choices=types, required=False)
        self.fields["id_path"] = IdPath()

    def wanted(self) -> tuple[NewMapping, ...]:
        sent: dict[str, Any] = self.cleaned_data
        if not (sent["topic"] or sent["id_path"]):
            return ()
        return (NewMapping(self.channel.pk, sent["topic"], sent["type"], sent["id_path"]),)


class MappingForms:
    """All of them: `rows` for the mappings there are, `new` where topics may be added."""

    def __init__(self, world: World, channel: Channel, data: Data | None) -> None:
        self.world, self.own = world, takes_topics(channel)
        self.rows = [MappingForm(row, data, own=self.own) for row in world.mappings.values()]
        self.new = NewMappingForm(channel, data) if self.own and mappable_types(channel) else None

    @property
    def all(self) -> list[forms.Form]:
        return [*self.rows, self.new] if self.new else [*self.rows]

    def parts(self) -> dict[str, Any]:
        """What differs from what is stored, as fields of a `Change`."""
        changed = {form.mapping.pk: form.changed() for form in self.rows}
        return {
            "mappings": {pk: values for pk, values in changed.items() if values},
            "removed_mappings": self._removed(),
            "new_mappings": self.new.wanted() if self.new else (),
        }

    def check_rules(self) -> None:
        """Errors go to their fields; the forms fit each by itself."""
        for form in self.rows:
            if values := form.changed():
                self._check(form, Change(mappings={form.mapping.pk: values}))
        if self.new and (wanted := self.new.wanted()):
            change = Change(removed_mappings=self._removed(), new_mappings=wanted)
            self._check(self.new, change)

    def _removed(self) -> tuple[int, ...]:
        return tuple(form.mapping.pk for form in self.rows if form.removed)

    def _check(self, form: forms.Form, change: Change) -> None:
        try:
            put(self.world, change)
        except Refused as refused:
            for name, texts in refused.errors.items():
                form.add_error(name if name in form.fields else None, texts)
