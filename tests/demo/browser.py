"""A browser for tests of the page: Debian's chromium, installed where that is possible and it is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from typing import Any

SECONDS = 120_000
_UNWANTED = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "LensOverlay", "MediaRouter",
    "NetworkTimeServiceQuerying", "OptimizationHints", "PreconnectToSearch", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "PaintHolding", "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose", "SpareRendererForSitePerProcess",
)  # fmt: skip
"""Features of the browser's own windows and services, which no page needs; a menu of the address bar alone, drawn for every
context, takes as much of the processor as half a page."""
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    f"--disable-features={','.join(_UNWANTED)}",
]


@cache
def chromium() -> tuple[str | None, str]:
    """Path of chromium, and why there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    if found := next(filter(None, map(shutil.which, names)), None):
        return found, ""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None, "chromium is not installed, and installing it takes root and apt-get"
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=400)
        except (OSError, subprocess.SubprocessError) as error:
            return None, f"chromium could not be installed: {error}"
    return shutil.which("chromium"), "apt-get installed no chromium"


def new_tab(browser: Any, address: str, **options: Any) -> Any:
    """An empty tab in a context of its own, which writes down what is asked of others than ``address``, and dialogs."""
    context = browser.new_context(**{"viewport": {"width": 1600, "height": 1000}, **options})
    context.set_default_timeout(SECONDS)
    opened = context.new_page()
    opened.foreign = []
    local = ("data:", "blob:", address.rstrip("/"))
    opened.on("request", lambda r: None if r.url.startswith(local) else opened.foreign.append(r.url))
    opened.dialogs = []
    opened.on("dialog", lambda d: (opened.dialogs.append(d.message), d.dismiss()))
    return opened


def open_page(browser: Any, address: str, **options: Any) -> Any:
    """The page in a new tab."""
    opened = new_tab(browser, address, **options)
    opened.goto(address)
    opened.wait_for_selector("#samples img")
    return opened


def leave(page: Any) -> None:
    """Go away from the page for good: nothing that it kept in the browser is there for who comes next in this tab."""
    where = page.evaluate("() => { sessionStorage.clear(); return location.origin; }")
    page.goto("about:blank")
    page.context.new_cdp_session(page).send("Storage.clearDataForOrigin", {"origin": where, "storageTypes": "all"})
    page.context.clear_cookies()


def come_back(page: Any, address: str, width: int, height: int, scheme: str) -> Any:
    """Open the page anew in a tab that was left; its scripts are compiled already, which is a third of an opening."""
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)
    page.mouse.move(0, 0)
    page.foreign.clear()
    page.dialogs.clear()
    page.goto(address)
    page.wait_for_selector("#samples img")
    return page


def idle(page: Any) -> None:
    """Wait until nothing is being done."""
    page.wait_for_function("!document.querySelector('#status .busy')")


def choose_sample(page: Any, number: int) -> None:
    page.locator("#samples button").nth(number).click()
    page.wait_for_function(f"document.querySelector('#card').innerText.includes('plate {number}')")
    idle(page)  # the verdict comes first, the picture to paint on last


def move_threshold(page: Any, value: float) -> None:
    page.locator("#threshold input[type=number]").fill(str(value))
    page.locator("#threshold input[type=number]").press("Enter")
    page.wait_for_function(f"document.querySelector('#card').innerText.includes('threshold {value:.2f}')")


def region_row(page: Any) -> Any:
    """The severity of the first region in the table."""
    return page.locator("#table").get_by_text(re.compile("^(minor|major|critical)$")).locator("visible=true").first


def ask(page: Any, question: str) -> str:
    """The answer, once it is whole."""
    page.locator("#question textarea").fill(question)
    page.locator("#question textarea").press("Enter")
    page.wait_for_function("q => document.querySelector('#talk').innerText.includes(q)", arg=question)
    idle(page)
    return str(page.locator("#talk [data-testid=bot]").last.inner_text()).strip()
