"""Second factors: a code that changes every 30 seconds (TOTP, RFC 6238), and recovery codes.

The key is sealed, recovery codes are kept as hashes. No code works twice.
"""

from __future__ import annotations

import logging
import secrets
from base64 import b32decode, b32encode
from datetime import datetime
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction

from accounts.models import RecoveryCode, SecondFactor, User
from accounts.sealing import Unreadable, seal, unseal

log = logging.getLogger(__name__)

ISSUER = "omsauto"
DIGITS = 6
STEP_SECONDS = 30
DRIFTS = (0, -1, 1)
"""Clocks of telephones differ from ours by up to so many steps."""
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
_GROUP = 4


def is_on(user: User) -> bool:
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


def begin(user: User) -> None:
    """A new key to be confirmed; one in use goes on until then."""
    pending = seal(b32encode(secrets.token_bytes(20)).decode())
    SecondFactor.objects.update_or_create(user=user, defaults={"pending": pending})


def pending_key(user: User) -> str:
    """The key to be confirmed, in base32 as people type it; "" where there is none."""
    row = SecondFactor.objects.filter(user=user).first()
    try:
        return unseal(row.pending) if row and row.pending else ""
    except Unreadable:
        return ""


def key_uri(user: User, key: str) -> str:
    """What the QR code says."""
    return _totp(key).get_provisioning_uri(user.email, ISSUER)


@transaction.atomic
def confirm(user: User, code: str, at: datetime) -> list[str] | None:
    """Take the new key into use; the new recovery codes, or None where the code does not fit."""
    row = SecondFactor.objects.select_for_update().filter(user=user).exclude(pending="").first()
    step = _step_of(row.pending, code, at) if row else None
    if row is None or step is None:
        return None
    row.sealed, row.pending = row.pending, ""
    row.confirmed_at, row.last_step = at, step
    row.save(update_fields=["sealed", "pending", "confirmed_at", "last_step"])
    log.info("second factor of user %s was set up", user.pk)
    return renew_recovery_codes(user)


@transaction.atomic
def renew_recovery_codes(user: User) -> list[str]:
    """New ones in place of all former ones; what is returned is kept nowhere."""
    RecoveryCode.objects.filter(user=user).delete()
    codes = [_new_recovery_code() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, digest=_digest(code)) for code in codes
    )
    return codes


def recovery_codes_left(user: User) -> int:
    return RecoveryCode.objects.filter(user=user).count()


def use_code(user: User, code: str, at: datetime) -> bool:
    """Does the code open the login, now and for this once?"""
    typed = "".join(code.split())
    if not typed.isdecimal():
        gone, _ = RecoveryCode.objects.filter(user=user, digest=_digest(typed)).delete()
        return bool(gone)
    row = SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()
    step = _step_of(row.sealed, typed, at) if row else None
    if row is None or step is None:
        return False
    unused = SecondFactor.objects.filter(pk=row.pk, sealed=row.sealed, last_step__lt=step)
    return bool(unused.update(last_step=step))


@transaction.atomic
def switch_off(user: User) -> bool:
    """Forget key and recovery codes; False where there were none."""
    gone, _ = SecondFactor.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    if gone:
        log.info("second factor of user %s was switched off", user.pk)
    return bool(gone)


def _totp(key: str) -> TOTP:
    # SHA-1 is what every authenticator app takes; HMAC does not need what SHA-1 has lost.
    return TOTP(b32decode(key), DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - see above


def _step_of(sealed: str, code: str, at: datetime) -> int | None:
    """The time step whose code this is, near `at`."""
    try:
        totp = _totp(unseal(sealed))
    except Unreadable:
        log.exception("a second factor cannot be opened: only recovery codes work")
        return None
    now = int(at.timestamp())
    for drift in DRIFTS:
        moment = now + drift * STEP_SECONDS
        try:
            totp.verify("".join(code.split()).encode(), moment)
        except InvalidToken:
            continue
        return moment // STEP_SECONDS
    return None


def _new_recovery_code() -> str:
    text = b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def _digest(code: str) -> str:
    """80 random bits need neither salt nor a slow hash."""
    return sha256(code.replace("-", "").lower().encode()).hexdigest()
