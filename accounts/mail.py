"""Whether mail leaves this installation."""

from __future__ import annotations

from django.conf import settings

CONSOLE = "django.core.mail.backends.console.EmailBackend"
MISSING = "No e-mail is set up on this installation"
"""How the sentences begin that say so; whoever runs it sets EMAIL_URL."""


def is_set_up() -> bool:
    """On a console, links would end up in logs, and what is told reaches nobody."""
    return str(settings.EMAIL_BACKEND) != CONSOLE
