"""Is every part of this installation well? For cron, a service manager, or a person in doubt."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from omsauto.health import find_faults

PARTS = ("database", "broker", "clock", "worker", "queue", "web")


class Command(BaseCommand):
    help = (
        "Says of database, broker, clock, worker, queue and web whether they are well and what to "
        "do where they are not. Exit status: 0 where all are well, 1 otherwise."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--only",
            action="append",
            choices=PARTS,
            help="look at this part alone; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["only"] or PARTS
        found = find_faults(timezone.now())
        faults = {name: fault for name, fault in found.items() if name in wanted}
        for name, fault in faults.items():
            self.stdout.write(f"{name:<9} {fault or 'well'}")
        if any(faults.values()):
            sys.exit(1)
