"""The inside of the pages benchmark: a large account and somebody logged in to it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import django

django.setup()

from django.conf import settings  # noqa: E402 - after the set-up above
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from accounts.models import Account, Membership, Role, User  # noqa: E402
from accounts.tokens import issue  # noqa: E402
from bench.crowd import Size, fill  # noqa: E402

COPIED_ROWS = 20_000
"""So many runs and events are made one by one; the rest are their copies."""


def main(channels: int, rows: int) -> None:
    call_command("collectstatic", interactive=False, verbosity=0)
    account = Account.objects.create(name="Bench", timezone="Europe/Berlin")
    user = User.objects.create_user("bench@omsauto.example")
    Membership.objects.create(account=account, user=user, role=Role.ADMIN)
    at = datetime.now(UTC)
    size = Size(channels=channels, runs=rows, events=rows, copies=max(rows // COPIED_ROWS, 1))
    fill(account, at, size)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    visitor = Client()
    visitor.force_login(user)
    busy = account.channels.filter(connector="woocommerce").first()
    if busy is None:
        sys.exit("the crowd has no shop")
    week = (f"{at - timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}", f"{at:%Y-%m-%dT%H:%M:%SZ}")
    known = {
        "session": visitor.cookies[settings.SESSION_COOKIE_NAME].value,
        "cookie_port": str(settings.PORT),
        "token": issue(user, "Bench")[1],
        "channel": str(busy.pk),
        "week": f"?from={week[0]}&until={week[1]}",
        "size": f"{size.channels:,} channels, {size.runs:,} runs, {size.events:,} events",
    }
    sys.stdout.write(json.dumps(known))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
