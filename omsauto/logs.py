"""Logging: readable lines in a terminal, JSON everywhere else and in the log files."""

import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

SECRET_WORDS = ("authorization", "password", "secret", "token", "api_key", "consumer_key")
HIDDEN = "[hidden]"


def hide_secrets(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Blank every value whose name says that it is a secret; the last net, not the first."""
    for name in event:
        if any(word in name.lower() for word in SECRET_WORDS):
            event[name] = HIDDEN
    return event


# What has the shape of a secret, wherever it stands in a line: our tokens, the links that hold
# one, credentials in headers and addresses.
SHAPES = re.compile(
    r"""(?P<kept>
        \boms_ | \bwhsec_ | \b(?:Bearer|Basic)\s+ | /webhooks/ | /invitations/ |
        :// (?=[^/\s"'@]+@) |
        [?&;][\w-]*(?:token|secret|passw|signature|api_?key|consumer_key)[\w-]*=
    )
    (?P<secret>[^/\s"'&;@\\<>]+)""",
    re.VERBOSE | re.IGNORECASE,
)


def hide_shapes(_logger: object, _method: str, line: str) -> str:
    """The finished line, tracebacks and messages of libraries included, without such secrets."""
    return SHAPES.sub(rf"\g<kept>{HIDDEN}", line)


# Without the frames' local variables: a channel's secrets may be among them.
TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    hide_secrets,
]


def _formatter(*last: structlog.typing.Processor) -> dict[str, Any]:
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": SHARED,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *last,
            hide_shapes,
        ],
    }


def logging_config(level: str, console: str, file: Path | None) -> dict[str, Any]:
    """Django's LOGGING: `console` is "console" or "json"; `file` gets JSON lines, None for none."""
    handlers: dict[str, Any] = {"console": {"class": "logging.StreamHandler", "formatter": console}}
    if file is not None:
        # Watched: a rename by logrotate or by bin/up is noticed. Several processes may append.
        handlers["file"] = {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": str(file),
            "formatter": "json",
            "delay": True,
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "console": _formatter(
                structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            ),
            "json": _formatter(TRACEBACKS, structlog.processors.JSONRenderer()),
        },
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": level},
        "loggers": _loggers(),
    }


def _loggers() -> dict[str, Any]:
    return {
        # Django's own handlers would print each request error a second time.
        "django": {"handlers": [], "propagate": True, "level": "INFO"},
        "django.server": {"handlers": [], "propagate": True, "level": "WARNING"},
        # One line per request to a platform is noise, and its query string may hold a key.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # Each login that works writes four lines; failures and refusals are warnings.
        "axes": {"level": "WARNING"},
        # A line per received task says nothing that the run's own log does not say.
        "celery.worker.strategy": {"level": "WARNING"},
    }


def configure_structlog() -> None:
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
