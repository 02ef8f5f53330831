"""Every trap that real platforms set, by the number it has among those we met, has a test."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
MET = range(1, 22)


def test_every_trap_has_a_test_with_its_number() -> None:
    texts = (path.read_text() for path in TESTS.rglob("test_*.py"))
    numbers = {int(found) for text in texts for found in re.findall(r"def test_trap_(\d\d)_", text)}

    assert sorted(set(MET) - numbers) == []
