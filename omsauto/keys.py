"""Secrets that are made once and kept in the state folder."""

import base64
import os
import secrets
from pathlib import Path


def kept_secret(path: Path, size: int = 32) -> str:
    """The secret in `path`, made on first use: `size` random bytes, url-safe base64, mode 0600.

    32 bytes are what Fernet takes as a key. Two processes that start at once end up with the
    same secret: the file appears complete or not at all.
    """
    if not path.exists():
        _create_once(path, base64.urlsafe_b64encode(secrets.token_bytes(size)))
    return path.read_text(encoding="ascii").strip()


def _create_once(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
