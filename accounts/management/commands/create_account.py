"""Make an account with its first admin."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import Account, Membership, Role, User, validate_zone
from accounts.tokens import FROM_COMMAND_LINE, issue

LONGEST_NAME = 120


class Command(BaseCommand):
    help = (
        "Makes an account and its admin, and prints one JSON object: account (id), user (id), "
        "email, and token, an API token of that admin, which is shown only here."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the brand or vendor")
        parser.add_argument("--timezone", required=True, help="IANA name, as Europe/Berlin")
        parser.add_argument("--admin", required=True, help="e-mail address of the admin")
        parser.add_argument("--password", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        name, email = options["name"].strip(), options["admin"].strip()
        check(name, options["timezone"], email, options["password"])
        with transaction.atomic():
            account = Account.objects.create(name=name, timezone=options["timezone"])
            user = User.objects.create_user(email, options["password"])
            Membership.objects.create(account=account, user=user, role=Role.ADMIN)
            _, token = issue(user, FROM_COMMAND_LINE)
        made = {"account": account.pk, "user": user.pk, "email": user.email, "token": token}
        self.stdout.write(json.dumps(made))


def check(name: str, zone: str, email: str, password: str) -> None:
    """Raise `CommandError` with a sentence for each value that will not do."""
    errors = []
    if not 1 <= len(name) <= LONGEST_NAME:
        errors.append(f"The name must have 1 to {LONGEST_NAME} characters.")
    for validate, value in ((validate_zone, zone), (validate_email, email)):
        try:
            validate(value)
        except ValidationError as error:
            errors += [f"{value!r}: {text}" for text in error.messages]
    if not password:
        errors.append("The password must not be empty.")
    if User.objects.filter(email__iexact=email).exists():
        errors.append(f"There is a user with the e-mail address {email} already: use another.")
    if errors:
        raise CommandError("\n".join(errors))
