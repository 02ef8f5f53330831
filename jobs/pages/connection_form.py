"""The settings and secrets a connector asks for, as fields of a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from channels.connectors.base import (
    DUPLICATE_SKUS,
    INVENTORY_MODE,
    NEW_ORDER_STATUS,
    Connector,
    Setting,
)
from channels.models import SIGNED_WITH
from channels.settings_form import clean_secrets, clean_settings
from jobs.pages.tags import clock

_KEEP = "Leave empty to keep it."
_NOT_SET = "Not set."
_AT_ONCE = "A new one counts at once; to lose no delivery, rotate it on the Webhooks tab."
_SAME: Any = object()
_PLACES = {
    NEW_ORDER_STATUS.name: "general",
    INVENTORY_MODE.name: "inventory",
    DUPLICATE_SKUS.name: "inventory",
}
"""Settings that stand in another section of a channel's page than the connection."""


class ConnectionForm(forms.Form):
    """Fields `settings-NAME` and `secrets-NAME`; a secret is never shown, an empty one kept.

    `stored`: the settings so far, `secrets_set`: names of the secrets that have a value, with
    when each was set, where that is known. With `new` every required field must be there.
    """

    def __init__(
        self,
        connector: type[Connector],
        stored: Mapping[str, Any],
        secrets_set: Mapping[str, datetime | None],
        data: Mapping[str, Any] | None = None,
        *,
        new: bool = False,
    ) -> None:
        self.connector, self.stored, self.secrets_set = connector, stored, secrets_set
        self.new = new
        initial = {
            f"settings-{field.name}": stored.get(field.name, field.default)
            for field in connector.fields
            if not field.secret
        }
        sent = None if data is None else {**initial, **_sent(connector, data)}
        super().__init__(sent, initial=initial)
        for field in connector.fields:
            self.fields[_name(field)] = self._field(field)
        self.settings_changed: dict[str, Any] = {}
        self.secrets_changed: dict[str, Any] = {}

    def _field(self, field: Setting) -> forms.Field:
        if field.secret:
            known = field.name in self.secrets_set
            note = "" if self.new else (self._kept(field.name) if known else _NOT_SET)
            widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
            return forms.CharField(
                label=field.label,
                required=False,
                widget=widget,
                help_text=" ".join(filter(None, (note, _help(field)))),
            )
        common: dict[str, Any] = {
            "label": field.label,
            "required": False,
            "help_text": _help(field),
        }
        if field.type == "boolean":
            return forms.BooleanField(**common)
        if field.type == "choice":
            settled = field.required or field.default is not None
            choices = [*field.choices] if settled else [("", "None"), *field.choices]
            return forms.ChoiceField(choices=choices, **common)
        return forms.CharField(**common, widget=_WIDGETS.get(field.type, forms.TextInput)())

    def _kept(self, name: str) -> str:
        """What is told of a secret that is set: never its value."""
        at = self.secrets_set[name]
        local = timezone.localtime(at) if at else None
        said = f"Set, changed {clock(local)} {local:%Z}." if local else "Set."
        return " ".join([said, _KEEP, *([_AT_ONCE] if name == SIGNED_WITH else [])])

    def clean(self) -> dict[str, Any]:
        """Ask the checks that the API asks too; sentences go to their fields."""
        values = super().clean() or self.cleaned_data
        settings, wrong = clean_settings(self.connector, self._values(values, secret=False))
        self._complain("settings", wrong)
        filled = {k: v for k, v in self._values(values, secret=True).items() if v or self.new}
        secrets, wrong = clean_secrets(self.connector, filled, partial=not self.new)
        self._complain("secrets", wrong)
        self.settings_changed = {
            field.name: settings[field.name]
            for field in self.connector.fields
            if field.name in settings
            and settings[field.name] != self.stored.get(field.name, field.default)
        }
        self.secrets_changed = {name: value for name, value in secrets.items() if value is not None}
        return values

    def sentences(self) -> list[str]:
        """What saving the checked form would do."""
        elsewhere = [f for f in self.connector.fields if f.name in _PLACES]
        found = [
            f"{field.label}: {dict(field.choices).get(value, 'None')} (was {self._was(field)})."
            for field in elsewhere
            if (value := self.settings_changed.get(field.name, _SAME)) is not _SAME
        ]
        secrets = {name for name in self.secrets_changed if name != SIGNED_WITH}
        if secrets or set(self.settings_changed) - set(_PLACES):
            found.append("The connection settings are saved; the next run uses them.")
        if SIGNED_WITH in self.secrets_changed and SIGNED_WITH in self.secrets_set:
            found.append("Deliveries signed with the present webhook secret are rejected.")
        elif SIGNED_WITH in self.secrets_changed:
            found.append("Deliveries signed with the webhook secret are accepted.")
        return found

    def _was(self, field: Setting) -> str:
        stored = self.stored.get(field.name, field.default)
        return dict(field.choices).get(stored, "None")

    def _values(self, values: Mapping[str, Any], *, secret: bool) -> dict[str, Any]:
        return {
            field.name: values.get(_name(field))
            for field in self.connector.fields
            if field.secret == secret
        }

    def _complain(self, group: str, errors: Mapping[str, list[str]]) -> None:
        for name, texts in errors.items():
            self.add_error(f"{group}-{name}", texts)

    @property
    def setting_fields(self) -> list[forms.BoundField]:
        return [self[_name(field)] for field in self.connector.fields if not field.secret]

    def _placed(self, place: str) -> list[forms.BoundField]:
        names = {_name(f): _PLACES.get(f.name, "connection") for f in self.connector.fields}
        return [field for field in self.setting_fields if names[field.name] == place]

    @property
    def general_fields(self) -> list[forms.BoundField]:
        return self._placed("general")

    @property
    def inventory_fields(self) -> list[forms.BoundField]:
        return self._placed("inventory")

    @property
    def own_fields(self) -> list[forms.BoundField]:
        """Where and how the platform is reached."""
        return self._placed("connection")

    @property
    def secret_fields(self) -> list[forms.BoundField]:
        return [self[_name(field)] for field in self.connector.fields if field.secret]


_WIDGETS: dict[str, type[forms.Widget]] = {
    "url": forms.URLInput,
    "integer": forms.NumberInput,
}


def touches(data: Mapping[str, Any]) -> bool:
    """Was any field of the connection sent?"""
    shown = data.getlist("shown") if isinstance(data, QueryDict) else []
    return any(name.startswith(("settings-", "secrets-")) for name in [*data, *shown])


def _help(field: Setting) -> str:
    if field.required or field.type in ("boolean", "choice"):
        return field.help
    return f"{field.help.rstrip('.')}. Optional." if field.help else "Optional."


def _name(field: Setting) -> str:
    return f"{'secrets' if field.secret else 'settings'}-{field.name}"


def _sent(connector: type[Connector], data: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent; a boolean that was shown and not ticked comes as False."""
    shown = data.getlist("shown") if isinstance(data, QueryDict) else []
    names = map(_name, connector.fields)
    return {name: data.get(name, False) for name in names if name in data or name in shown}
