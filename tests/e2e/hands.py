"""Two ways to use a page: with a mouse, and with the keyboard alone."""

from __future__ import annotations

from typing import Protocol

from playwright.sync_api import Locator, expect

MOST_TABS = 150
"""More stops than any page here has; who needs more went around without finding the field."""


class Hand(Protocol):
    def press(self, button: Locator) -> None:
        """A button, a link or a menu."""

    def choose(self, menu: Locator, option: str) -> None:
        """The option of a select, by its label."""

    def tick(self, box: Locator) -> None:
        """A checkbox that is not ticked yet."""

    def clear(self, box: Locator) -> None:
        """A checkbox that is ticked."""

    def write(self, field: Locator, text: str) -> None:
        """Replace what a text field holds."""


class Mouse:
    def press(self, button: Locator) -> None:
        button.click()

    def choose(self, menu: Locator, option: str) -> None:
        menu.select_option(label=option)

    def tick(self, box: Locator) -> None:
        box.check()

    def clear(self, box: Locator) -> None:
        box.uncheck()

    def write(self, field: Locator, text: str) -> None:
        field.fill(text)


class Keyboard:
    """Tab to a control, then the keys that every browser has for it; never a click."""

    def press(self, button: Locator) -> None:
        self._reach(button)
        button.page.keyboard.press("Enter")

    def choose(self, menu: Locator, option: str) -> None:
        self._reach(menu)
        options = menu.get_by_role("option").all_text_contents()
        chosen = menu.evaluate("select => select.selectedIndex")
        steps = [text.strip() for text in options].index(option) - chosen
        for _ in range(abs(steps)):
            menu.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")
        assert menu.evaluate("select => select.selectedOptions[0].label.trim()") == option

    def tick(self, box: Locator) -> None:
        self._reach(box)
        box.page.keyboard.press("Space")
        assert box.is_checked()

    def clear(self, box: Locator) -> None:
        self._reach(box)
        box.page.keyboard.press("Space")
        assert not box.is_checked()

    def write(self, field: Locator, text: str) -> None:
        self._reach(field)
        field.page.keyboard.press("Control+A")
        field.page.keyboard.type(text)

    def _reach(self, target: Locator) -> None:
        """Tab until the target has the focus, and see that it shows it and is in view."""
        expect(target).to_be_visible()
        for _ in range(MOST_TABS):
            if target.evaluate("element => element === document.activeElement"):
                break
            target.page.keyboard.press("Tab")
        assert target.evaluate("element => element.matches(':focus-visible')"), "no focus by Tab"
        expect(target).to_be_in_viewport()
