"""`manage.py create_demo`: the demo account and its login; safe to repeat."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from jobs.management import demo


class Command(BaseCommand):
    help = "Creates the demo account once and prints its login."

    def handle(self, *args: Any, **options: Any) -> None:
        user = demo.create(timezone.now())
        self.stdout.write(f"Demo login: {user.email}  password: {demo.password()}")
        self.stdout.write(f"The pretend shop and warehouse: {demo.sandbox_url()}/")
