"""Lists of an account with 500 channels and 100,000 runs: a bounded number of questions each."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.crowd import Size, fill
from bench.pages import PAGES
from tests.builders import NOW
from tests.pages.conftest import Brand

SIZE = Size(
    events=2_000, stretches=2_000, orders=1_000, products=200, parked=500, history=200
)  # fmt: skip
pytestmark = pytest.mark.postgres
MOST = 30
LARGEST_KB = 700


@pytest.fixture
def crowd(brand: Brand) -> Brand:
    fill(brand.account, NOW, SIZE)
    return brand


def test_list_pages_stay_bounded(crowd: Brand) -> None:
    asked, sizes = {}, {}
    for path in PAGES:
        with CaptureQueriesContext(connection) as queries:
            answer = crowd.admin.get(path)
        assert answer.status_code == 200
        asked[path], sizes[path] = len(queries), len(answer.content) // 1024
    assert {path: number for path, number in asked.items() if number > MOST} == {}
    assert {path: size for path, size in sizes.items() if size > LARGEST_KB} == {}
