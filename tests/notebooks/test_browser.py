"""A notebook in a real JupyterLab and a real browser; `make notebooks` runs it."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from homes import CHECKOUT, Home

if not os.environ.get("NOTEBOOKS"):
    pytest.skip("`make notebooks` runs them", allow_module_level=True)

from playwright.sync_api import Page, expect, sync_playwright

PICTURES = CHECKOUT / ".cache/pictures"
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
_TIMEOUT = 60_000  # milliseconds for a page on a busy machine
VENV = f'[venv]\nbackend = "existing"\npath = "{sys.prefix}"\n'
NAME = "my notebooks (autoenv-hpc)"


@pytest.fixture
def lab(cluster: Home) -> Iterator[Page]:
    """JupyterLab in a browser, in a folder of notebooks; the server has modules of its own."""
    if BROWSER is None:
        pytest.skip("left out: there is no chromium here (apt-get install chromium)")
    notes = cluster.folder / "notes"
    notes.mkdir()
    words = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.port=0", "--allow-root"),
        *("--IdentityProvider.token=t", f"--ServerApp.root_dir={notes}"),
    ]
    env = {**cluster.env, "PYTHONPATH": "/of/the/server", "JUPYTER_PLATFORM_DIRS": "1"}
    log = cluster.folder / "server.log"
    with log.open("w") as file:
        server = subprocess.Popen(words, env=env, cwd=notes, stderr=file, stdout=file)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1200, "height": 800})
            page.set_default_timeout(_TIMEOUT)
            page.goto(_address(log, server))
            yield page
            browser.close()
    finally:
        server.terminate()
        server.wait()


def _address(log: Path, server: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + _TIMEOUT / 1000
    while server.poll() is None and time.monotonic() < end:
        if found := re.search(r"http://127\.0\.0\.1:\d+/lab", log.read_text()):
            return f"{found[0]}?token=t"
        time.sleep(0.2)
    pytest.fail(f"JupyterLab has not started:\n{log.read_text()}")


def _run(page: Page, code: str) -> None:
    """Type a cell below the others, and run it."""
    page.keyboard.press("Escape")
    page.keyboard.press("Control+End")
    cell = page.locator(".jp-Notebook .jp-Cell").last.locator(".cm-content")
    cell.click()
    page.keyboard.insert_text(code)
    expect(cell).to_contain_text(code.splitlines()[-1])
    page.keyboard.press("Shift+Enter")


def _menu(page: Page, item: str) -> None:
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name=re.compile(item)).first.click()


def _restart(page: Page) -> None:
    _menu(page, "^Restart Kernel")
    page.locator(".jp-Dialog .jp-mod-accept").click()


def _picture(page: Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=str(PICTURES / f"{name}.png"))


@pytest.mark.parametrize("tool", ["lmod"])
def test_a_notebook_in_a_browser(cluster: Home, tool: str, request: pytest.FixtureRequest) -> None:
    text = f'modules = ["samtools/1.12"]\n{VENV}'
    root = cluster.project(text, "my notebooks")
    cluster.command("kernel", "install", cwd=root)
    page: Page = request.getfixturevalue("lab")
    card = page.locator(".jp-LauncherCard").filter(has_text=NAME).first
    expect(card).to_be_visible(timeout=_TIMEOUT)
    _picture(page, "1-launcher")
    card.click()
    # a page that is still being built would drop what is typed
    expect(page.get_by_text(f"{NAME} | Idle")).to_be_visible(timeout=_TIMEOUT)
    shown: Callable[[str], None] = lambda text: expect(  # noqa: E731 - one check in many places
        page.locator(".jp-OutputArea-output").last
    ).to_contain_text(text, timeout=_TIMEOUT)
    code = "import os, sys\nprint(os.getcwd(), sys.prefix, os.environ['SAMTOOLS_ROOT'], os.environ.get('PYTHONPATH'))"
    _run(page, code)
    shown(f"{cluster.folder}/notes {sys.prefix} /opt/samtools None")
    _picture(page, "2-in-the-project")
    _run(page, "import time\nprint('begun', flush=True)\ntime.sleep(600)")
    shown("begun")
    _menu(page, "^Interrupt Kernel")
    shown("KeyboardInterrupt")
    _restart(page)
    _run(page, "print('sys' in globals())")
    shown("False")
    (root / ".hpcenv.toml").write_text(f"{text}\n# an edit\n")
    _restart(page)
    _run(page, "print(1)")
    shown("is new or was edited: read it, then run `autoenv-hpc allow")
    page.locator(".jp-Notebook .jp-Cell").nth(-2).scroll_into_view_if_needed()
    page.mouse.wheel(0, -200)
    _picture(page, "3-not-allowed")
    cluster.command("allow", str(root))
    _restart(page)
    _run(page, "print('allowed', 'now')")
    shown("allowed now")
    _menu(page, "^Shut Down Kernel")
    expect(page.locator('.jp-Toolbar-kernelName[title*="Switch"]')).to_be_visible()
    expect(page.get_by_text("No Kernel").first).to_be_visible(timeout=_TIMEOUT)
    _picture(page, "4-shut-down")
