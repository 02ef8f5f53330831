"""Secrets that are made once."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.fernet import Fernet

from omsauto.keys import kept_secret


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    assert kept_secret(tmp_path / "key") == kept_secret(tmp_path / "key")


def test_two_files_hold_different_secrets(tmp_path: Path) -> None:
    assert kept_secret(tmp_path / "one") != kept_secret(tmp_path / "two")


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    kept_secret(tmp_path / "key")

    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_it_is_a_key_for_encryption(tmp_path: Path) -> None:
    box = Fernet(kept_secret(tmp_path / "key"))

    assert box.decrypt(box.encrypt(b"a token")) == b"a token"


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(kept_secret, [tmp_path / "key"] * 16))

    assert len(secrets) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
