"""The webhook URL on the pages: its renewal, what is told meanwhile, the end of the former one."""

from __future__ import annotations

from tests.pages.conftest import Brand


def renew(brand: Brand, grace_minutes: int = 60) -> str:
    return brand.operator.follow(f"{brand.page}webhook-url/", grace_minutes=grace_minutes)


def test_the_tab_shows_the_new_url_and_until_when_the_former_one_is_accepted(brand: Brand) -> None:
    before = brand.shop.webhook_token
    assert "Renew the URL" in brand.operator.text(brand.page, tab="webhooks")
    page = renew(brand)
    brand.shop.refresh_from_db()
    assert brand.shop.webhook_token != before
    assert brand.shop.webhook_token in page
    assert before not in page
    state = page.partition("Two URLs are accepted until")[2].partition("</strong>")[0]
    assert ">14:00</time> (Europe/Berlin)" in state
    assert "Nothing has been delivered to the former one" in page


def test_at_once_leaves_no_former_url(brand: Brand) -> None:
    page = renew(brand, 0)
    assert "Two URLs are accepted" not in page
    assert "must be registered again" in page


def test_the_former_url_is_ended_early(brand: Brand) -> None:
    assert "End the former URL now" in renew(brand)
    page = brand.operator.follow(f"{brand.page}webhook-url/end/")
    assert "The former webhook URL is no longer accepted." in page
    assert "Two URLs are accepted" not in page
    assert "had ended already" in brand.operator.follow(f"{brand.page}webhook-url/end/")


def test_a_grace_that_is_not_offered_is_refused_at_its_field(brand: Brand) -> None:
    before = brand.shop.webhook_token
    answer = brand.operator.post(f"{brand.page}webhook-url/", grace_minutes=61)
    assert answer.status_code == 400
    assert "Select a valid choice" in answer.content.decode()
    brand.shop.refresh_from_db()
    assert brand.shop.webhook_token == before


def test_a_viewer_sees_neither_url_nor_its_renewal(brand: Brand) -> None:
    renew(brand)
    brand.shop.refresh_from_db()
    page = brand.viewer.text(brand.page, tab="webhooks")
    assert brand.shop.webhook_token not in page
    assert "Renew the URL" not in page
    assert "Two URLs are accepted" not in page
