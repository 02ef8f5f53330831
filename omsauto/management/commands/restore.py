"""Put a backup in the place of what is there now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from omsauto import backup

NEXT = """Restored to {at}. What the platforms did since is fetched by itself:
1. Wait until a minute has passed since the last webhook was accepted.
2. Start web, worker and beat; `bin/up`, or `python -m omsauto.prepare` before them, brings the
   tables up to date where the program is newer than the backup.
Recurring jobs ask from where they were; emergency jobs of webhooks start within five minutes."""


class Command(BaseCommand):
    help = "Replaces database and keys by those of a backup; stop web, worker and beat before."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("backup", type=Path, help="the folder that `backup` printed")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            at = backup.restore(options["backup"], timezone.now())
        except backup.CannotError as error:
            raise CommandError(f"Nothing was changed: {error}.") from error
        self.stdout.write(NEXT.format(at=f"{at:%Y-%m-%d %H:%M:%S} UTC"))
