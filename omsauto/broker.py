"""The embedded broker: messages are files in a folder, nothing to install.

Kombu's own filesystem transport opens a message before it is written in full, moves it through
the system's temporary folder, and lists and sorts the whole folder for each message. This one
writes aside and renames, claims by renaming, and reads on from its last listing.
"""

import contextlib
import time
import uuid
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    """A folder of messages, named by the time of their sending."""

    # Kombu names the argument differently in this class and in its base.
    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns()}_{uuid.uuid4().hex}.{queue}.msg"
        # A leading dot keeps a file out of every listing.
        draft = folder / f".{name}"
        draft.write_text(dumps(payload), encoding="utf-8")
        draft.rename(folder / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for path in self._waiting(queue):
            claimed = path.with_name(f".{path.name}")
            # Another worker was faster, or the file is no message: on to the next.
            with contextlib.suppress(FileNotFoundError, ValueError):
                path.rename(claimed)
                text = claimed.read_text(encoding="utf-8")
                claimed.unlink()
                return loads(text)
        raise Empty

    def _waiting(self, queue: str) -> Iterator[Path]:
        """Messages of a queue, oldest first: the rest of the last listing, else a new one."""
        listings: dict[str, deque[Path]] = self.__dict__.setdefault("_listings", {})
        if not listings.get(queue):
            found = Path(self.data_folder_in).glob(f"[!.]*.{queue}.msg")
            listings[queue] = deque(sorted(found))
        while listings[queue]:
            yield listings[queue].popleft()


class Transport(filesystem.Transport):
    Channel = Channel
