"""The inside of the pages benchmark: a large account and somebody logged in to it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import django

django.setup()

from django.conf import settings  # noqa: E402 - after the set-up above
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from accounts.models import Account, Membership, Role, User  # noqa: E402
from bench.crowd import Size, fill  # noqa: E402


def main() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)
    account = Account.objects.create(name="Bench", timezone="Europe/Berlin")
    user = User.objects.create_user("bench@omsauto.example")
    Membership.objects.create(account=account, user=user, role=Role.ADMIN)
    size = Size()
    fill(account, datetime.now(UTC), size)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    visitor = Client()
    visitor.force_login(user)
    busy = account.channels.filter(connector="woocommerce").first()
    if busy is None:
        sys.exit("the crowd has no shop")
    known = {
        "session": visitor.cookies[settings.SESSION_COOKIE_NAME].value,
        "cookie_port": str(settings.PORT),
        "channel": f"/channels/{busy.pk}/",
        "size": f"{size.channels:,} channels, {size.runs:,} runs, {size.events:,} events",
    }
    sys.stdout.write(json.dumps(known))


main()
