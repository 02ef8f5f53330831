"""Is every part of this installation well? For cron, a service manager, or a person in doubt."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from omsauto.health import find_faults


class Command(BaseCommand):
    help = (
        "Says of database, broker, clock, worker, queue and web whether they are well and what to "
        "do where they are not. Exit status: 0 where all are well, 1 otherwise."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        faults = find_faults(timezone.now())
        for name, fault in faults.items():
            self.stdout.write(f"{name:<9} {fault or 'well'}")
        if any(faults.values()):
            sys.exit(1)
