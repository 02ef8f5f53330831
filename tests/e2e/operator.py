"""A person at a browser, who finds things by the words on the screen."""

from __future__ import annotations

from django.conf import settings
from django.test import Client
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from tests.builders import PASSWORD
from tests.e2e.hands import Hand
from tests.e2e.watch import Watch


class Operator:
    def __init__(self, page: Page, home: str, hand: Hand) -> None:
        self.page, self.home, self.hand = page, home, hand
        self.watch = Watch(page, home)

    def open(self, path: str) -> Operator:
        self.page.goto(self.home + path)
        return self

    def log_in(self, user: User) -> Operator:
        self.open("/login/")
        self.hand.write(self.page.get_by_label("Email"), user.email)
        self.hand.write(self.page.get_by_label("Password"), PASSWORD)
        self.press("Log in")
        expect(self.page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
        return self

    def logged_in(self, user: User) -> Operator:
        """On the overview, as if the login had been earlier; quicker than `log_in`."""
        client = Client()
        client.force_login(user)
        session = client.cookies[settings.SESSION_COOKIE_NAME]
        self.page.context.add_cookies(
            [{"name": session.key, "value": session.value, "url": self.home}]
        )
        return self.open("/")

    def go(self, section: str, entry: str) -> Operator:
        """Choose an entry of the menu, below the title of its section."""
        menu = self.page.get_by_role("navigation", name="Main")
        self.hand.press(menu.get_by_role("list", name=section).get_by_role("link", name=entry))
        return self

    def tab(self, name: str) -> Operator:
        """Choose one of the tabs below a page's heading."""
        tabs = self.page.get_by_role("navigation", name="Parts of this page")
        self.hand.press(tabs.get_by_role("link", name=name))
        expect(tabs.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        return self

    def open_channel(self, name: str, section: str = "Sales Channels") -> Operator:
        self.go(section, "Channels")
        self.hand.press(self.page.get_by_role("rowheader").get_by_role("link", name=name))
        expect(self.page.get_by_role("heading", name=name, level=1)).to_be_visible()
        return self

    @property
    def mode(self) -> Locator:
        return self.page.get_by_label("Mode", exact=True)

    def row(self, job: str) -> Locator:
        """The row of a job on its channel's page."""
        return self.page.get_by_role("group", name=job, exact=True)

    def field(self, job: str, label: str) -> Locator:
        return self.row(job).get_by_label(label, exact=True)

    def fact(self, job: str, term: str) -> Locator:
        """What a job's row says of one thing, such as "Emergency job"."""
        said = self.row(job).locator("dl > div").filter(has=self.page.get_by_text(term, exact=True))
        return said.get_by_role("definition")

    @property
    def preview(self) -> Locator:
        """The sentences above Save."""
        title = self.page.get_by_role("heading", name="What this will do")
        return self.page.get_by_role("status").filter(has=title)

    def press(self, button: str) -> None:
        self.hand.press(self.page.get_by_role("button", name=button, exact=True))

    def save(self) -> None:
        self.press("Save")
        expect(self.page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
