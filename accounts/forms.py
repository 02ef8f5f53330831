"""Forms about people: whom to invite, who joins, which token to make, who proves to be who."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts import access, attempts, invitations
from accounts.models import Invitation, Role, User

LIFETIMES = (("", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"))
RULES = "At least 8 characters, no common password, and not like your name or address."
NEW_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})
CURRENT_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "current-password"})


class InviteForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address", max_length=254, widget=forms.EmailInput({"autocomplete": "off"})
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.VIEWER)


class TokenForm(forms.Form):
    """Offers the roles up to the maker's own."""

    name = forms.CharField(
        max_length=80, help_text="What will use it, as a nightly export or a dashboard."
    )
    role = forms.ChoiceField(initial=Role.VIEWER)
    expires = forms.ChoiceField(label="Expires", choices=LIFETIMES, required=False)

    def __init__(self, own: Role, data: Any = None) -> None:
        super().__init__(data)
        offered = [(role.value, role.label) for role in access.up_to(own)]
        self.fields["role"].choices = offered  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def lifetime(self) -> timedelta | None:
        days = self.cleaned_data["expires"]
        return timedelta(days=int(days)) if days else None


class JoinForm(forms.Form):
    """For one who has no login yet. The address is typed, so that a link alone tells none."""

    email = forms.EmailField(
        label="E-mail address",
        widget=forms.EmailInput({"autocomplete": "username"}),
        help_text="The one the invitation was made for.",
    )
    name = forms.CharField(
        label="Your name", max_length=150, widget=forms.TextInput({"autocomplete": "name"})
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=NEW_PASSWORD,
        help_text=RULES,
    )

    def __init__(self, invitation: Invitation, data: Any = None) -> None:
        super().__init__(data)
        self.invitation = invitation

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        if not invitations.is_for(self.invitation, email):
            raise ValidationError(invitations.OTHER_ADDRESS)
        return email

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if "password" in found:
            someone = User(email=found.get("email", ""), first_name=found.get("name", ""))
            try:
                password_validation.validate_password(found["password"], someone)
            except ValidationError as error:
                self.add_error("password", error)
        return found


class ChangePasswordForm(PasswordChangeForm):
    """A wrong old password counts as an attempt to log in."""

    def __init__(self, user: User, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.request, self.owner = request, user
        self.fields["old_password"].label = "Your password now"
        self.fields["new_password1"].help_text = RULES
        self.fields["new_password2"].label = "New password once more"
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        password = str(self.cleaned_data["old_password"])
        return _own_password(self.request, self.owner, password)


class PasswordForm(forms.Form):
    """The password proves that it is not a stranger at an open browser who asks."""

    password = forms.CharField(label="Your password", strip=False, widget=CURRENT_PASSWORD)

    def __init__(self, request: HttpRequest, user: User) -> None:
        super().__init__(request.POST if request.method == "POST" else None)
        self.request, self.user = request, user

    def clean_password(self) -> str:
        return _own_password(self.request, self.user, str(self.cleaned_data["password"]))


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=40,
        widget=forms.TextInput({"autocomplete": "one-time-code", "autofocus": True}),
        help_text="Six digits from your app, or a recovery code.",
    )


class SetUpForm(PasswordForm):
    code = forms.CharField(
        label="Code that the app shows now",
        max_length=40,
        widget=forms.TextInput({"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    field_order = ("code", "password")


def _own_password(request: HttpRequest, user: User, password: str) -> str:
    if not attempts.knows_password(request, user, password):
        raise ValidationError("This is not your password. Nothing was changed.")
    return password
