"""Addresses of chat and incident tools: which are taken, and what they lead to."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from apprise import Apprise, AppriseAsset, PersistentStoreMode
from apprise.plugins import NotifyBase

LONGEST = 1000
TIMEOUT_SECONDS = 10.0
"""For each phase of a connection."""

# fmt: off
SERVICES = frozenset({
    "betterstack", "brevo", "dingtalk", "discord", "feishu", "firehydrant", "flock", "form",
    "forms", "gchat", "goalert", "goalerts", "gotify", "gotifys", "guilded", "hassio", "hassios",
    "ifttt", "ilert", "incidentio", "jira", "json", "jsons", "lark", "line", "mailgun", "mailto",
    "mailtos", "matrix", "matrixs", "mmost", "mmosts", "msteams", "nctalk", "nctalks", "ntfy",
    "ntfys", "o365", "opsgenie", "pagerduty", "pagertree", "postmark", "pover", "resend",
    "revolt", "rocket", "rockets", "ryver", "sendgrid", "signl4", "slack", "smtp2go", "sparkpost",
    "spike", "splunk", "squadcast", "tgram", "twilio", "twist", "victorops", "webex", "wecombot",
    "workflow", "workflows", "wxteams", "xml", "xmls", "zoom", "zulip",
})
# fmt: on
"""What may be sent to. Whatever else the library knows may run programs of this machine, write
files or speak protocols that nobody here has looked at."""
READ_FILES = frozenset({"template", "pgp", "pgppub", "pgpprv", "smime", "key", "cert"})
"""Options of addresses that name files of this machine."""

# Its lines may hold parts of addresses, which are as good as passwords.
logging.getLogger("apprise").propagate = False
logging.getLogger("urllib3").setLevel(logging.INFO)


class BadAddress(ValueError):
    """An address that is not taken; the text says why and what to do, without the address."""


@dataclass(frozen=True)
class Form:
    """One usual form of address, for the guide."""

    service: str
    form: str
    hint: str


GUIDE = (
    Form(
        "E-mail",
        "mailtos://user:password@example.com?smtp=smtp.example.com&to=you@example.com",
        "Through a mail server of your own.",
    ),
    Form(
        "Slack",
        "https://hooks.slack.com/services/TEAM/CHANNEL/TOKEN",
        "The URL of an incoming webhook, as Slack shows it.",
    ),
    Form(
        "Microsoft Teams",
        "workflows://host/workflow/signature",
        "Or the whole URL of a workflow that posts to a channel.",
    ),
    Form(
        "Discord",
        "https://discord.com/api/webhooks/ID/TOKEN",
        "The URL of a channel's webhook.",
    ),
    Form("Telegram", "tgram://bot-token/chat-id", "A bot, and the chat that it is a member of."),
    Form(
        "PagerDuty",
        "pagerduty://integration-key@api-key",
        "The integration key of an Events API v2 service.",
    ),
    Form("Opsgenie", "opsgenie://api-key", "The key of an API integration."),
    Form(
        "JSON webhook",
        "jsons://example.com/path",
        "POSTs a JSON object with title, message and type; json:// is HTTP without TLS.",
    ),
)


def open_address(address: str) -> NotifyBase:
    """What sends to this address. Raises `BadAddress`."""
    _check_form(address)
    asset = AppriseAsset(
        app_id="omsauto",
        app_desc="Automation control plane for order management",
        app_url="",
        storage_mode=PersistentStoreMode.MEMORY,
    )
    found = Apprise.instantiate(address, asset=asset)
    if not isinstance(found, NotifyBase):
        raise BadAddress(
            "The address cannot be read. Compare it with the forms below: a part is missing, or "
            "it is the address of a page rather than of a webhook."
        )
    if not _schemes(found) <= SERVICES:
        raise BadAddress(_UNKNOWN)
    found.socket_connect_timeout = found.socket_read_timeout = TIMEOUT_SECONDS
    found.redirects = False
    found.retry = 0
    return found


_UNKNOWN = (
    "This service is not offered. Take one of the forms below, or a JSON webhook that hands the "
    "message on."
)


def _check_form(address: str) -> None:
    if len(address) > LONGEST:
        raise BadAddress(f"An address has at most {LONGEST} characters.")
    scheme, separator, _rest = address.partition("://")
    if not separator:
        raise BadAddress("An address begins with the service and ://, as the forms below show.")
    if scheme.lower() not in SERVICES | {"http", "https"}:
        raise BadAddress(_UNKNOWN)
    try:
        options = parse_qsl(urlsplit(address).query, keep_blank_values=True)
    except ValueError:
        raise BadAddress("The address cannot be read: its host is not one.") from None
    if refused := READ_FILES & {name.lower().lstrip("+-:") for name, _value in options}:
        raise BadAddress(f"The option {min(refused)} names a file; leave it out.")


def _schemes(plugin: NotifyBase) -> set[str]:
    """Every scheme of the service; a whole https:// address of Slack has Slack's."""
    named: set[str] = set()
    # Either is None, one scheme or several, whatever the library says of their types.
    declared: tuple[Any, ...] = (plugin.protocol, plugin.secure_protocol)
    for schemes in declared:
        named |= {schemes} if isinstance(schemes, str) else set(schemes or ())
    return named


def service_name(plugin: NotifyBase) -> str:
    """ "Slack"."""
    return str(plugin.service_name)[:60]


def without(address: str, text: str) -> str:
    """A text in which no part of the address is left that could be its secret."""
    parts = {address, *(value for _name, value in parse_qsl(urlsplit(address).query))}
    _scheme, _separator, rest = address.partition("://")
    for separator in "?&=/@:+,":
        rest = rest.replace(separator, " ")
    parts.update(rest.split())
    for part in sorted(parts, key=len, reverse=True):
        if len(part) > 3:
            text = text.replace(part, "…")
    return text
