"""What an operator types to find events: plain words, and words with a prefix."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_TERMS = 8
LONGEST = 200
_TERM = re.compile(r'(?:(topic|id|delivery):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class EventQuery:
    """`words` are looked for everywhere, the others in what their prefix names; all must fit."""

    words: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    deliveries: tuple[str, ...] = ()

    @property
    def scans(self) -> bool:
        """Does it ask for what no index knows, so that event after event must be read?"""
        return bool(self.words or self.topics)

    def __bool__(self) -> bool:
        return self.scans or bool(self.ids or self.deliveries)


def parse(text: str) -> EventQuery:
    """`topic:orders/create id:1001 "two words"`; other prefixes are part of their word."""
    found: dict[str, list[str]] = {"": [], "topic": [], "id": [], "delivery": []}
    plain = text.replace("\x00", "")[:LONGEST]
    for prefix, quoted, word in _TERM.findall(plain)[:MOST_TERMS]:
        if term := (quoted or word).strip():
            found[prefix.lower()].append(term)
    return EventQuery(
        words=tuple(found[""]),
        topics=tuple(found["topic"]),
        ids=tuple(found["id"]),
        deliveries=tuple(found["delivery"]),
    )
