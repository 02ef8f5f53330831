"""`manage.py connect_demo`: connects the sandbox to the demo account once both are running."""

from typing import Any

from django.core.management.base import BaseCommand

from jobs.management import demo


class Command(BaseCommand):
    help = "Tells the sandbox where its webhooks go and, the first time, places some orders."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(demo.connect())
