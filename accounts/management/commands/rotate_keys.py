"""Seal everything with the first of OMSAUTO_ENCRYPTION_KEYS, so that the former ones can go."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import rotation


class Command(BaseCommand):
    help = (
        "Seals every stored secret with the first of OMSAUTO_ENCRYPTION_KEYS, while web server, "
        "worker and clock go on. First put the new key in front of the old one and restart all "
        "three; when this command says that all is done, remove the old key and restart again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-key", action="store_true", help="print a new key and change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"]:
            self.stdout.write(Fernet.generate_key().decode())
            return
        tallies = [rotation.rotate(column) for column in rotation.columns()]
        for tally in tallies:
            self.stdout.write(f"{tally.column}: {tally.resealed} sealed anew")
        problems = [line for tally in tallies for line in _problems(tally)]
        if problems:
            raise CommandError("\n".join([*problems, "Keep the former keys for now."]))
        self.stdout.write("All is sealed with the first key. The former ones can be removed.")


def _problems(tally: rotation.Tally) -> list[str]:
    said = {
        f"{tally.column}: {tally.unreadable} cannot be opened with any key configured. Add the "
        "key they were sealed with, or enter these secrets anew, and run this again.": (
            tally.unreadable
        ),
        f"{tally.column}: {tally.overtaken} were saved meanwhile. Restart web server, worker and "
        "clock with the new key in front, and run this again.": tally.overtaken,
    }
    return [line for line, count in said.items() if count]
