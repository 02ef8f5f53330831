"""Write a backup: the database as it is now, and the keys that open its secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from omsauto import backup


class Command(BaseCommand):
    help = "Writes a backup into a new folder below FOLDER; safe while everything runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="where backups are kept")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = backup.save(options["folder"], timezone.now())
        except backup.CannotError as error:
            raise CommandError(f"There is no backup: {error}.") from error
        self.stdout.write(f"{made}")
        self.stderr.write("It holds the keys to all secrets: keep it where only you can read it.")
