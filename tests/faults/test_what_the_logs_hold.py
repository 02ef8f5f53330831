"""No secret of an installation stands in what its processes wrote while they were killed.

By its name this file comes last: it reads the logs that the others left behind.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from omsauto import keys
from tests.faults.log_secrets import complaints, installations, log_files

pytestmark = pytest.mark.faults


def test_no_log_of_a_killed_installation_holds_a_secret(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folders = [one for one in installations(tmp_path_factory.getbasetemp()) if log_files(one)]
    if not folders:
        pytest.skip("no installation ran before this test: choose the whole suite")
    assert all(path.stat().st_size for one in folders for path in (one / "logs").glob("*"))
    assert [line for folder in folders for line in complaints(folder)] == []


@pytest.mark.parametrize("line", ["{key}", "oms_{random}", "POST /webhooks/{random}/ 503"])
def test_it_would_be_found(tmp_path: Path, line: str) -> None:
    key = keys.kept_secret(tmp_path / "secret_key")
    (tmp_path / "logs").mkdir()
    said = line.format(key=key, random="a1B2c3D4e5F6g7H8i9J0k1")
    (tmp_path / "logs" / "web.log").write_text(f'{{"event": "started"}}\n{{"event": "{said}"}}\n')
    assert len(complaints(tmp_path)) == 1
    assert key not in complaints(tmp_path)[0]
