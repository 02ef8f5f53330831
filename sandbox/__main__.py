"""`python -m sandbox --port N [--state FILE]`: run until SIGTERM or Ctrl-C."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from sandbox.server import Sandbox


def _made(host: str, port: int, state: str) -> Sandbox:
    if state != ":memory:":
        Path(state).parent.mkdir(parents=True, exist_ok=True)
    try:
        return Sandbox(host, port, state)
    except OSError as error:
        sys.exit(f"The sandbox cannot listen on {host}:{port}: {error}. Choose another --port.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A pretend platform.")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", default=":memory:", help="file that keeps the state")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    sandbox = _made(options.host, options.port, options.state)
    sandbox.start()
    sys.stdout.write(f"Sandbox ready on {sandbox.url}\n")
    sys.stdout.flush()
    ended.wait()
    sandbox.stop()


if __name__ == "__main__":
    main()
