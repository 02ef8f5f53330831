"""What Django's reports of an error hold: the page of DEBUG, and mails to administrators."""

from __future__ import annotations

import re
from collections.abc import ItemsView
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

from omsauto.logs import HIDDEN, SHAPES

SECRET_NAMES = re.compile(
    r"api|auth|token|key|secret|passw|signature|cookie|credential|code|address", re.IGNORECASE
)


class Filter(SafeExceptionReporterFilter):
    """Hides at all times, not in production alone, and by names rather than by lists of views."""

    cleansed_substitute = HIDDEN

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Of a form, the fields that are no secret: those of a channel have names of their own."""
        posted = request.POST.items() if request is not None else ()
        return {
            name: HIDDEN
            if SECRET_NAMES.search(name)
            else SHAPES.sub(rf"\g<kept>{HIDDEN}", str(value))
            for name, value in posted
        }

    def get_safe_cookies(self, request: HttpRequest | None) -> dict[str, Any]:
        """Their names: all of ours hold a login or a token of forms."""
        return dict.fromkeys(request.COOKIES, HIDDEN) if request is not None else {}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> ItemsView[str, Any]:
        """None: a channel's secrets may be among them."""
        return dict[str, Any]().items()

    def cleanse_setting(self, key: str | int, value: Any) -> Any:
        """Also passwords inside the addresses of database and broker."""
        cleansed = super().cleanse_setting(key, value)
        return SHAPES.sub(rf"\g<kept>{HIDDEN}", cleansed) if isinstance(cleansed, str) else cleansed
