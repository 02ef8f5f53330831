"""A platform that sends what it is told, byte by byte, and stops when nobody listens."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def scripted(pieces: Iterable[bytes], *, wait: float = 0.0) -> Iterator[str]:
    """Answers with the address; each connection gets the pieces, `wait` seconds apart."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()
    thread = threading.Thread(target=_serve, args=(listener, pieces, wait, over), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _serve(
    listener: socket.socket, pieces: Iterable[bytes], wait: float, over: threading.Event
) -> None:
    with suppress(OSError):
        while not over.is_set():
            connection, _ = listener.accept()
            with connection, suppress(OSError), closing(_each(pieces)) as told:
                connection.recv(65536)
                for piece in told:
                    if over.wait(wait):
                        break
                    connection.sendall(piece)


def _each(pieces: Iterable[bytes]) -> Generator[bytes, None, None]:
    """The same, with an end that is noticed: a listener that hangs up ends it."""
    yield from pieces
