"""What arrives at the broker, and when: taken off its queue as a worker would."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

QUEUE = "omsauto"
QUEUES = [QUEUE, *(f"{QUEUE}\x06\x16{step}" for step in (3, 6, 9))]
"""The lists that Redis keeps of it, one for each step of priority."""


class Watch(threading.Thread):
    """Takes every message of a queue and notes when it was there."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(daemon=True)
        self._broker: Any = redis.Redis.from_url(redis_url)
        self._raw: list[tuple[float, list[bytes]]] = []
        self._read = 0
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            first = self._broker.brpop(QUEUES, timeout=1)
            if first is None:
                continue
            queue = first[0]
            rest, _ = self._broker.pipeline().lrange(queue, 0, -1).delete(queue).execute()
            self._raw.append((time.time(), [first[1], *reversed(rest)]))

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def arrivals(self) -> Iterator[tuple[float, str, list[int]]]:
        """When, the task, and its ids, of each message that was not asked for before."""
        while self._read < len(self._raw):
            at, messages = self._raw[self._read]
            self._read += 1
            for raw in messages:
                yield at, *_task_and_ids(raw)

    def forget(self) -> None:
        """What came so far is nobody's concern."""
        self._read = len(self._raw)

    def first_arrivals(self, task: str, wanted: int, seconds: float) -> dict[int, float]:
        """By id, when the first message with it came: until there are `wanted`, or time is up."""
        seen: dict[int, float] = {}
        end = time.time() + seconds
        while len(seen) < wanted and time.time() < end:
            time.sleep(0.05)
            for at, name, ids in self.arrivals():
                if name == task:
                    for one in ids:
                        seen.setdefault(one, at)
        return seen


def _task_and_ids(raw: bytes) -> tuple[str, list[int]]:
    message = json.loads(raw)
    arguments = json.loads(base64.b64decode(message["body"]))[0]
    first = arguments[0] if arguments else []
    return message["headers"]["task"], first if isinstance(first, list) else [first]


@contextmanager
def watch(redis_url: str) -> Iterator[Watch]:
    watching = Watch(redis_url)
    watching.start()
    try:
        yield watching
    finally:
        watching.stop()
