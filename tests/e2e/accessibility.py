"""What axe-core, the accessibility checker, finds wrong with a page as it stands."""

from __future__ import annotations

from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

AXE = Axe()
Scheme = Literal["light", "dark"]
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
"""Every rule of WCAG 2.2 AA that a program can judge, and axe's own advice beside them."""

UNDER_WAY = ".htmx-request, .htmx-swapping, .htmx-settling"
AT_REST = """() => new Promise((done) => requestAnimationFrame(() => {
  for (const one of document.getAnimations()) {
    if (one instanceof CSSTransition) one.finish();
  }
  requestAnimationFrame(done);
}))"""
"""Colours that were changing have changed: halfway they have no contrast that anybody sees."""


def violations(page: Page) -> list[str]:
    """A line for each element that breaks a rule: the rule, the element, what is wrong."""
    found = AXE.run(page, options=RULES).response["violations"]
    return [
        f"{rule['id']} at {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def violations_in(page: Page, scheme: Scheme) -> list[str]:
    """In the light or in the dark scheme, as the system's preference chooses it."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    expect(page.locator(UNDER_WAY)).to_have_count(0)
    page.evaluate(AT_REST)
    return [f"{scheme}: {line}" for line in violations(page)]
