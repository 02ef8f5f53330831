"""For somebody who lost telephone and recovery codes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import second_factor
from accounts.models import User


class Command(BaseCommand):
    help = (
        "Switches the second factor of a user off: their password alone then logs them in. First "
        "make sure by another way that it is them who ask."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="e-mail address of the user")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip()
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            raise CommandError(f"There is no user with the e-mail address {email}.")
        if not second_factor.switch_off(user):
            raise CommandError(f"{email} has no second factor: there is nothing to switch off.")
        self.stdout.write(f"The second factor of {user.email} is off.")
