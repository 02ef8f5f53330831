"""Tenants, the people who work for them, and the record of what those people changed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.timezone import now

from accounts.sealing import SealedField
from accounts.zones import is_zone


class UserManager(BaseUserManager["User"]):
    """Users are known by their e-mail address, compared without case."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        if not email:
            raise ValueError("a user needs an e-mail address")
        user = self.model(email=self.normalize_email(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractUser):
    username = None  # type: ignore[assignment]  # the e-mail address takes its place
    email = models.EmailField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()  # type: ignore[assignment,misc]  # AbstractUser names its own manager

    acts_by: ApiToken | None = None
    """The API token that acts for the user in this request; None for the person themselves."""

    def __str__(self) -> str:
        return self.email


class SecondFactor(models.Model):
    """The key of a user's authenticator app, sealed; in use since `confirmed_at`.

    `pending` is a key that a first code must still confirm. `last_step` is the newest time step
    whose code was used: none works twice.
    """

    user = models.OneToOneField(User, models.CASCADE, related_name="second_factor")
    sealed = SealedField(default="", editable=False)
    pending = SealedField(default="", editable=False)
    confirmed_at = models.DateTimeField(null=True, editable=False)
    last_step = models.BigIntegerField(default=0, editable=False)

    def __str__(self) -> str:
        return f"second factor of {self.user}"


class RecoveryCode(models.Model):
    """A code that opens the login once without the app; only its hash is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "digest"], name="one_row_per_recovery_code")
        ]

    def __str__(self) -> str:
        return f"recovery code of {self.user}"


class ProductSource(models.TextChoices):
    """Which system owns product data; section "Master Product Source" of the documentation."""

    OWN = "own", "omsauto's own catalogue"
    SALES = "sales", "Sales channel"
    FULFILLMENT = "fulfillment", "Fulfillment channel"


def validate_zone(value: str) -> None:
    if not is_zone(value):
        raise ValidationError(
            f"{value} is not a time zone; use an IANA name such as Europe/Berlin."
        )


class Account(models.Model):
    """A tenant: one brand or vendor. At `disable_at` the clock disables it.

    `require_second_factor`: members without one are led to set it up before they see anything.
    `spread_minutes`: within so many minutes after their slots jobs start; None is at their slots.
    """

    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    enabled = models.BooleanField(default=True)
    disable_at = models.DateTimeField(null=True, blank=True)
    master_product_source = models.CharField(
        max_length=12, choices=ProductSource, default=ProductSource.OWN
    )
    master_product_channel = models.ForeignKey(
        "channels.Channel", models.PROTECT, null=True, blank=True, related_name="+"
    )
    default_fulfillment_channel = models.ForeignKey(
        "channels.Channel", models.PROTECT, null=True, blank=True, related_name="+"
    )
    automatic_workflow = models.BooleanField(default=True)
    spread_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    require_second_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(spread_minutes=None) | models.Q(spread_minutes__gt=0),
                name="account_spread_is_positive",
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["disable_at"],
                condition=models.Q(disable_at__isnull=False),
                name="accounts_to_be_disabled",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    OPERATOR = "operator", "Operator"
    ADMIN = "admin", "Admin"


class Membership(models.Model):
    account = models.ForeignKey(Account, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    since = models.DateTimeField(default=now)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["account", "user"], name="one_membership_per_user")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.get_role_display()} of {self.account}"


class Invitation(models.Model):
    """A link by which somebody becomes a member once; of its token only a hash is kept.

    Withdrawing deletes the row; an accepted one stays, so that its link can say what it was.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="invitations")
    email = models.EmailField("e-mail address")
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                "account",
                Lower("email"),
                condition=models.Q(accepted_at=None),
                name="one_open_invitation_per_address",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} invited to {self.account}"


class ApiToken(models.Model):
    """What omsauto knows of a knox token: its name, its last use, and how far it reaches.

    One with an account acts there alone, with `role` at most. One without acts with all roles of
    its owner in all their accounts, as those from the command line do. A knox token that lost
    this row (with its account) is refused.
    """

    token = models.OneToOneField(settings.KNOX_TOKEN_MODEL, models.CASCADE, related_name="details")
    name = models.CharField(max_length=80)
    account = models.ForeignKey(
        Account, models.CASCADE, null=True, blank=True, related_name="api_tokens"
    )
    role = models.CharField(max_length=10, choices=Role, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(account=None, role="")
                | models.Q(account__isnull=False, role__in=Role.values),
                name="a_token_of_an_account_has_a_role",
            )
        ]

    def __str__(self) -> str:
        return self.name


class HistoryEntry(models.Model):
    """One change of settings: who, when, old, new, and what followed from it."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="history")
    channel = models.ForeignKey("channels.Channel", models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    subject = models.CharField(max_length=200)
    old = models.JSONField(default=dict)
    new = models.JSONField(default=dict)
    consequences = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["account", "-id"], name="history_of_account"),
            models.Index(fields=["channel", "-id"], name="history_of_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.subject}"
