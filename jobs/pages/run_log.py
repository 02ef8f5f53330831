"""The log of a run: from a level up, with words searched for, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from jobs.models import LEVELS, Run, RunLog
from jobs.pages.paging import number

LINES = 500
ALL = [level for level, _word in LEVELS]
FROM_LEVEL = [("warning", "Warnings and worse"), ("error", "Errors and worse"), ("fatal", "Fatal")]


@dataclass(frozen=True)
class LogPage:
    """`next_url` leads on to later lines, `first_url` back to the first ones."""

    lines: list[RunLog]
    level: str
    words: str
    next_url: str | None
    first_url: str | None

    @property
    def is_filtered(self) -> bool:
        return bool(self.level or self.words)


def read_log(run: Run, request: HttpRequest) -> LogPage:
    """What the query asks for: `level` and worse, `q` in the message, lines `after` an id."""
    level = request.GET.get("level", "")
    level = level if level in dict(FROM_LEVEL) else ""
    words = request.GET.get("q", "").replace("\x00", "").strip()
    after = number(request, "after")
    lines = run.log.order_by("pk")
    if level:
        lines = lines.filter(level__in=ALL[ALL.index(level) :])
    if words:
        lines = lines.filter(message__icontains=words)
    if after:
        lines = lines.filter(pk__gt=after)
    found = list(lines[: LINES + 1])
    shown = found[:LINES]
    following = _url(request, shown[-1].pk) if len(found) > LINES else None
    return LogPage(shown, level, words, following, _url(request, None) if after else None)


def _url(request: HttpRequest, after: int | None) -> str:
    query = request.GET.copy()
    query.pop("after", None)
    if after is not None:
        query["after"] = str(after)
    return f"{request.path}?{query.urlencode()}#log-title"
