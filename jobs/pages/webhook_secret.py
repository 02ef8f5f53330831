"""A channel's webhook secret: what is told of it, its rotation, the end of the former one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts.models import Role
from channels.connectors.base import Setting
from channels.models import SIGNED_WITH, Channel
from channels.settings_form import clean_secrets
from jobs import subscriptions, webhook_secrets
from jobs.pages.here import Here, find_channel, page
from jobs.saving import save_channel, secrets_known

GRACES = (
    (60, "1 hour"),
    (24 * 60, "1 day"),
    (7 * 24 * 60, "7 days"),
    (0, "Not at all: it ends at once"),
)
USUAL_GRACE = 24 * 60


class RotationForm(forms.Form):
    """A new secret, and for how many minutes the present one is accepted beside it."""

    webhook_secret = forms.CharField(
        label="New webhook secret",
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    grace_minutes = forms.TypedChoiceField(
        label="The present secret is accepted for", choices=GRACES, coerce=int, initial=USUAL_GRACE
    )

    def __init__(self, channel: Channel, data: Any = None, generated: str = "") -> None:
        super().__init__(data, initial={SIGNED_WITH: generated} if generated else None)
        self.channel, self.generated = channel, generated
        self.fields[SIGNED_WITH].help_text = _setting(channel).help
        if generated:
            attrs = {"autocomplete": "off", "spellcheck": "false"}
            self.fields[SIGNED_WITH].widget = forms.TextInput(attrs=attrs)
        if SIGNED_WITH not in secrets_known(channel):
            del self.fields["grace_minutes"]

    def clean_webhook_secret(self) -> str:
        found: str = self.cleaned_data[SIGNED_WITH]
        if not found:
            raise forms.ValidationError("Enter the new secret, or generate one.")
        sent, wrong = clean_secrets(self.channel.connector_class, {SIGNED_WITH: found}, True)
        if wrong:
            raise forms.ValidationError(wrong[SIGNED_WITH])
        secret: str = sent[SIGNED_WITH]
        if not webhook_secrets.replaces(self.channel, secret):
            raise forms.ValidationError("The channel has this secret already. Enter another one.")
        return secret


def state_context(here: Here, channel: Channel) -> dict[str, Any]:
    """What the Webhooks tab tells of address and secret."""
    known = secrets_known(channel)
    return {
        "webhook_url": subscriptions.address_of(channel),
        "signed": channel.connector_class.needs_webhook_secret(channel.settings),
        "secret_set": SIGNED_WITH in known,
        "secret_changed_at": known.get(SIGNED_WITH),
        "former_holds": channel.holds_former_secret(here.at),
        "former_url_holds": channel.former_token_until is not None,
    }


@never_cache
@page("GET", "POST")
def rotate(here: Here, channel_id: int) -> HttpResponse:
    """The form; a POST saves the new secret, or with `generate` only proposes one."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    if here.request.method != "POST" or not _takes_secret(channel):
        return _render(here, channel, RotationForm(channel) if _takes_secret(channel) else None)
    if "generate" in here.request.POST:
        return _render(here, channel, RotationForm(channel, generated=webhook_secrets.generate()))
    form = RotationForm(channel, here.request.POST)
    if not form.is_valid():
        return _render(here, channel, form, refused=True)
    _save(here, channel, form)
    return _back(channel)


@page("POST")
def end(here: Here, channel_id: int) -> HttpResponse:
    """From now on the present secret alone is accepted."""
    channel = find_channel(here, channel_id, Role.OPERATOR)
    if webhook_secrets.end_grace(channel, here.at, here.user):
        messages.success(here.request, "The former webhook secret is no longer accepted.")
    else:
        messages.info(here.request, "The former webhook secret had ended already.")
    return _back(channel)


def _save(here: Here, channel: Channel, form: RotationForm) -> None:
    values = {
        "secrets": {SIGNED_WITH: form.cleaned_data[SIGNED_WITH]},
        "webhook_secret_grace_minutes": form.cleaned_data.get("grace_minutes", 0),
    }
    save_channel(channel, values, here.at, here.user)
    messages.success(here.request, "The new webhook secret is saved.")
    if channel.connector_class.registers_webhooks:
        text = (
            "The platform's webhooks must be registered again, so that it signs with the new one."
        )
    else:
        text = "Enter the new secret at the platform: it signs with the former one until then."
    messages.warning(here.request, text)


def _setting(channel: Channel) -> Setting:
    return next(one for one in channel.connector_class.fields if one.name == SIGNED_WITH)


def _takes_secret(channel: Channel) -> bool:
    return any(one.name == SIGNED_WITH for one in channel.connector_class.fields)


def _back(channel: Channel) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{reverse('channel', args=[channel.pk])}?tab=webhooks")


def _render(
    here: Here, channel: Channel, form: RotationForm | None, *, refused: bool = False
) -> HttpResponse:
    context = {
        "channel": channel,
        "form": form,
        "registers_webhooks": channel.connector_class.registers_webhooks,
        "nav_current": channel.kind,
        "refused": refused,
        **state_context(here, channel),
    }
    return here.render("jobs/webhook_secret.html", context)
