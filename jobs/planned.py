"""What was planned for a set time: the clock does it when the time has come."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import DatabaseError, transaction

from accounts.models import Account
from jobs import configure
from jobs.change import Change

BATCH = 100

log = logging.getLogger(__name__)


def disable_due(at: datetime) -> int:
    """Disable the accounts whose `disable_at` has come, as a Save would; answers how many.

    Each in a transaction of its own, once, however many clocks tick.
    """
    due = list(Account.objects.filter(disable_at__lte=at).order_by("disable_at")[:BATCH])
    for account in due:
        try:
            with transaction.atomic():
                _disable(account, at)
        except DatabaseError:
            raise
        except Exception:
            log.exception("account %s was to be disabled now and cannot be", account.pk)
    return len(due)


def _disable(account: Account, at: datetime) -> None:
    taken = Account.objects.filter(pk=account.pk, disable_at__lte=at).update(disable_at=None)
    if taken and account.enabled:
        configure.apply(account, Change(account={"enabled": False}), at)
