"""Forms about people: whom to invite, who joins, which token to make, which logins to end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import ValidationError

from accounts import access, invitations
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
    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.fields["old_password"].label = "Your password now"
        self.fields["new_password1"].help_text = RULES
        self.fields["new_password2"].label = "New password once more"
        self.fields["new_password2"].help_text = ""


class LogOutElsewhereForm(forms.Form):
    """The password proves that it is not a stranger at an open browser who asks."""

    password = forms.CharField(label="Your password", strip=False, widget=CURRENT_PASSWORD)

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        self.user = user

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise ValidationError("This is not your password. Nothing was changed.")
        return password
