"""Parts of the page that a shop and a warehouse both have."""

from __future__ import annotations

from sandbox import hooks
from sandbox.exchange import Request
from sandbox.markup import (
    badge,
    button,
    card,
    clock,
    drawer,
    esc,
    figures,
    form,
    hidden,
    line,
    number,
    shown,
    table,
)
from sandbox.place import OWN_HOOK, Place
from sandbox.settings import LONGEST_TOKEN

ROWS = 10
NAME_RULE = 'required pattern="[a-z0-9][a-z0-9_\\-]{0,39}"'
TONES = {
    "open": "warn",
    "partly_fulfilled": "warn",
    "fulfilled": "good",
    "received": "warn",
    "picked": "warn",
    "partly_shipped": "warn",
    "shipped": "good",
    "waiting": "warn",
    "sending": "warn",
    "sent": "good",
    "failed": "bad",
    "dropped": "bad",
}
WEBHOOK_FIGURES = (
    ("Webhooks sent", "sent"),
    ("waiting", "waiting"),
    ("dropped", "dropped"),
    ("failed", "failed"),
)
WELL = {
    "drop_share": 0, "fail_next": 0, "fail_seconds": 0, "retry_after": 0, "garbage_next": 0,
    "half_next": 0, "slow_ms": 0,
    "calls_per_second": 0, "token_seconds": 0, "stock_refused": " ",
}  # fmt: skip
"""A blank clears a text; an empty field of a form would count as not given."""


def status(word: str) -> str:
    return badge(word.replace("_", " "), TONES.get(word, ""))


def heading(title: str, place: Place, switch: str, request: Request, kinds: tuple[str, ...]) -> str:
    counts = place.outbox.counts(place.path)
    held = [(kind.capitalize(), place.store.count(place.path, kind)) for kind in kinds]
    sent = [(word, counts[status]) for word, status in WEBHOOK_FIGURES]
    troubles = "".join(badge(word, "bad") for word in _troubles(place, request.at))
    running = badge(_auto_words(place), "good") if place.settings.auto_seconds else ""
    state = troubles or badge("all well", "good")
    return (
        f"<header><h2>{title} {esc(place.name)}</h2><nav>{switch}</nav></header>"
        f'<div class="card">{figures(held + sent)}'
        f'<div class="badges">{state}{running}</div></div>'
    )


def _auto_words(place: Place) -> str:
    return f"auto every {place.settings.auto_seconds} s, {place.settings.auto_left} left"


def _troubles(place: Place, at: int) -> list[str]:
    """The faults that are on now, in words."""
    now = place.settings
    left = max(now.fail_until - at, 0) // 1000
    words = [
        (now.drop_share, f"drops {now.drop_share} % of webhooks"),
        (not now.webhook_active, "webhooks are off"),
        (now.fail_next, f"fails the next {now.fail_next} calls"),
        (left, f"fails for {left} s"),
        (now.garbage_next, f"nonsense for {now.garbage_next} calls"),
        (now.half_next, f"breaks off {now.half_next} answers"),
        (now.slow_ms, f"{now.slow_ms} ms slow"),
        (now.calls_per_second, f"{now.calls_per_second} calls a second"),
        (now.token_seconds, f"tokens live {now.token_seconds} s"),
        (now.token_until and now.token_until <= at, "the token has expired"),
        (now.stock_refused, f"refuses stock of {now.stock_refused}"),
    ]
    return [text for on, text in words if on]


def common(place: Place, request: Request, auto: str) -> tuple[str, ...]:
    troubles = bool(_troubles(place, request.at))
    return (
        drawer("Make trouble", _trouble_forms(place, request), opened=troubles),
        drawer("Auto mode", _auto_form(place, auto), opened=bool(place.settings.auto_seconds)),
        drawer("Connection", _connection(place, request), opened=not place.settings.webhook_url),
        card("Newest webhooks", _deliveries(place)),
        drawer("Add or remove", _more(place)),
    )


def _trouble_forms(place: Place, request: Request) -> str:
    now, action = place.settings, f"/control/{place.path}"
    left = max(now.fail_until - request.at, 0) // 1000
    fields = "".join(
        (
            number("Drop webhooks, %", "drop_share", now.drop_share, 0, 100),
            number("Fail next calls", "fail_next", now.fail_next, 0, 100_000),
            number("Fail for seconds", "fail_seconds", left, 0, 86_400),
            number("Answer them with", "fail_status", now.fail_status, 429, 599),
            number("and Retry-After, s", "retry_after", now.retry_after, 0, 86_400),
            number("Nonsense, calls", "garbage_next", now.garbage_next, 0, 100_000),
            number("Break off, answers", "half_next", now.half_next, 0, 100_000),
            number("Slower by, ms", "slow_ms", now.slow_ms, 0, 60_000),
            number("Calls a second", "calls_per_second", now.calls_per_second, 0, 10_000),
        )
    )
    settings = form(action, f'<div class="grid">{fields}</div>{button("Apply", "main")}', "")
    life = number("Tokens live for seconds", "token_seconds", now.token_seconds, 0, LONGEST_TOKEN)
    tokens = form(action, life + button("Start anew")) + form(
        f"{action}/expire", button("Expire the token now")
    )
    word, value = ("Switch webhooks off", 0) if now.webhook_active else ("Webhooks on again", 1)
    rest = form(action, button(word, "", "webhook_active", value)) + form(
        action, hidden(**WELL, webhook_active=1) + button("All well again")
    )
    return f'{settings}<div class="row">{tokens}</div><div class="row">{rest}</div>'


def _auto_form(place: Place, what: str) -> str:
    now, action = place.settings, f"/control/{place.path}"
    fields = number("Seconds", "auto_seconds", now.auto_seconds or 10, 1, 86_400)
    fields += number("Rounds, then it stops", "auto_left", now.auto_left or 50, 1, 1_000)
    start = form(action, fields + button("Start", "main"))
    stop = form(action, button("Stop", "", "auto_seconds", 0)) if now.auto_seconds else ""
    return f'<p class="soft">{esc(what)}.</p><div class="row">{start}{stop}</div>'


def _connection(place: Place, request: Request) -> str:
    address = f"http://{request.headers.get('host', '')}/{place.path}"
    now = place.settings
    target = line("Send webhooks to", "webhook_url", now.webhook_url, 'type="url" required')
    secret = line("Webhook secret", "webhook_secret", now.webhook_secret, "required")
    keys = (
        shown("Address", address),
        shown("Token", now.token),
        shown("Refresh token", now.refresh_token),
    )
    own = form(f"/control/{place.path}", target + secret + button("Save", "main"))
    return f'<div class="row">{"".join(keys)}</div>{own}{_registered(place)}'


def _registered(place: Place) -> str:
    """Webhooks that channels registered themselves."""
    rows = [
        (esc(hook["topics"][0]), esc(hook["url"]), badge("on" if hook["active"] else "off"))
        for hook in hooks.listed(place)
        if hook["id"] != OWN_HOOK
    ]
    return table("Registered webhooks", ("Topic", "Address", ""), rows, "") if rows else ""


def _more(place: Place) -> str:
    word = place.kind.removesuffix("s")
    name = line("Name", "name", "", NAME_RULE) + hidden(samples="1")
    add = form(f"/control/{place.kind}", name + button(f"Add a {word}"))
    remove = form(f"/control/{place.path}/remove", button(f"Remove {word} {place.name}"))
    return f'<p class="soft">Names have small letters, digits and hyphens.</p>{add}{remove}'


def _deliveries(place: Place) -> str:
    rows = []
    for delivery in (each.view() for each in place.outbox.recent(place.path, ROWS)):
        action = f"/control/{place.path}/deliveries/{delivery['id']}/resend"
        again = form(action, button("Send again", "small"), "acts")
        settled = delivery["status"] not in ("waiting", "sending")
        topic = f"{esc(delivery['topic'])} <small>{esc(delivery['entity'])}</small>"
        answer = f"{status(delivery['status'])} <small>{esc(delivery['answer'])}</small>"
        rows.append((clock(delivery["created_at"]), topic, answer, again if settled else ""))
    return table("Webhooks", ("UTC", "Topic", "Outcome", ""), rows, "None so far.")
