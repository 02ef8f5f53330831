"""Webhooks that channels register: one per topic and address, beside the one of the settings.

The hook of the settings has number 1 and announces every topic that nobody took out of it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from sandbox import checks
from sandbox.exchange import invalid, not_found
from sandbox.place import OWN_HOOK, Place
from sandbox.settings import parsed_secret, parsed_url
from sandbox.store import Entity, Page

MOST_HOOKS = 100


def listed(place: Place) -> list[dict[str, Any]]:
    """All hooks without their secrets, that of the settings first."""
    settings = place.settings
    own = {
        "id": OWN_HOOK,
        "url": settings.webhook_url,
        "active": settings.webhook_active,
        "topics": [topic for topic in place.topics if topic not in settings.webhook_muted],
    }
    registered = [_view(place, hook) for hook in _all(place)]
    return [*([own] if settings.webhook_url else []), *registered]


def register(place: Place, body: Mapping[str, Any], at: int) -> tuple[dict[str, Any], bool]:
    """A hook for `topic` and `url`, signing with `secret`; one that is there is put in order.

    It is active afterwards, even where webhooks were off. Answers with the hook as it is for
    this topic and whether it is new.
    """
    topic, url, secret = _checked(place, body)
    with place.store.transaction():
        place.configure({"webhook_active": True}, at)
        if url == place.settings.webhook_url:
            hook, new = _own(place, topic, secret, at), False
        else:
            hook, new = _registered(place, topic, url, secret, at)
    return hook, new


def _checked(place: Place, body: Mapping[str, Any]) -> tuple[str, str, str]:
    topic = checks.filled(body.get("topic"), "topic")
    if topic not in place.topics:
        raise invalid(f"topic must be one of {', '.join(place.topics)}.")
    url = parsed_url(checks.filled(body.get("url"), "url", 500), "url")
    return topic, url, parsed_secret(body.get("secret"), "secret")


def _own(place: Place, topic: str, secret: str, at: int) -> dict[str, Any]:
    settings = place.settings
    settings.webhook_muted = [name for name in settings.webhook_muted if name != topic]
    settings.webhook_secret = secret
    place.keep()
    return {"id": OWN_HOOK, "url": settings.webhook_url, "active": True, "topics": [topic]}


def _registered(
    place: Place, topic: str, url: str, secret: str, at: int
) -> tuple[dict[str, Any], bool]:
    data = {"topic": topic, "url": url, "secret": secret, "active": True}
    hooks = _all(place)
    known = next((h for h in hooks if (h.data["topic"], h.data["url"]) == (topic, url)), None)
    if known is None:
        if len(hooks) >= MOST_HOOKS:
            raise invalid(f"There are {MOST_HOOKS} webhooks already.")
        return _view(place, place.add("webhooks", data, at)), True
    if not hmac.compare_digest(known.data["secret"], secret):
        known.data = data
        place.save("webhooks", known, at)
    return _view(place, known), False


def remove(place: Place, number: int, topic: str) -> None:
    """Take one topic out of a hook; a hook without topics is gone. Refused where it is gone."""
    with place.store.transaction():
        if number == OWN_HOOK:
            _mute(place, topic)
        else:
            hook = next((h for h in _all(place) if h.id == number), None)
            if hook is None or hook.data["topic"] != topic:
                raise not_found(f"webhook {number} for {topic}")
            place.store.remove(place.path, "webhooks", number)


def _mute(place: Place, topic: str) -> None:
    settings = place.settings
    left = [name for name in place.topics if name not in settings.webhook_muted]
    if not settings.webhook_url or topic not in left:
        raise not_found(f"webhook {OWN_HOOK} for {topic}")
    settings.webhook_muted = [*settings.webhook_muted, topic]
    if left == [topic]:
        settings.webhook_url, settings.webhook_muted = "", []
    place.keep()


def _all(place: Place) -> list[Entity]:
    return place.list("webhooks", Page(limit=MOST_HOOKS))


def _view(place: Place, hook: Entity) -> dict[str, Any]:
    return {
        "id": hook.id,
        "url": hook.data["url"],
        "active": hook.data["active"] and place.settings.webhook_active,
        "topics": [hook.data["topic"]],
    }
