"""Make another API token."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.tokens import FROM_COMMAND_LINE, issue


class Command(BaseCommand):
    help = "Makes an API token of a user, and prints one JSON object: token, shown only here."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="e-mail address of the user")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip()
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            raise CommandError(f"There is no user with the e-mail address {email}.")
        if not user.is_active:
            raise CommandError(f"{email} is deactivated: activate the user first.")
        _, token = issue(user, FROM_COMMAND_LINE)
        self.stdout.write(json.dumps({"token": token}))
