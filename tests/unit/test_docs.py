"""The pages: what is taken from the code is up to date, and no link leads nowhere."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "docs"))

import generate  # noqa: E402 - it stands beside the pages

from autoenv_hpc.project import schema  # noqa: E402 - likewise

PAGES = sorted([*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(CHECKOUT)) for page in PAGES]
PROSE = {"demo", "answer", "activation", "in"}  # as in "autoenv-hpc in bash"
SESSION = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [str(p.relative_to(CHECKOUT)) for p in generate.pages()])
def test_a_page_says_what_the_code_says(page: str) -> None:
    text = generate.pages()[CHECKOUT / page]
    assert (CHECKOUT / page).read_text() == text, "run `make docs`"


def test_each_command_has_its_heading() -> None:
    page = (CHECKOUT / "docs/reference/commands.md").read_text()
    headings = re.findall(r"^### `(.+)`$", page, re.MULTILINE)
    assert sorted(headings) == sorted(generate.commands())


def test_each_key_is_described_once() -> None:
    found = [key.path for key in generate.every_key()]
    assert "venv.system-site-packages" in found
    assert len(found) == len(set(found))
    assert len(found) == sum(text.count("\n| `") for text in generate.keys().values())


def test_a_key_without_a_meaning_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "every_key", lambda: [generate.Key("venv", "new", "string")])
    with pytest.raises(ValueError, match=r"venv\.new"):
        generate.keys()


def test_a_page_without_a_place_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- one -->\n<!-- end -->\n")
    assert generate.filled(page, {"one": "text"}) == "<!-- one -->\n\ntext\n\n<!-- end -->\n"
    with pytest.raises(ValueError, match="two"):
        generate.filled(page, {"two": "text"})


def test_each_of_our_variables_is_on_its_page() -> None:
    page = (CHECKOUT / "docs/reference/environment-variables.md").read_text()
    files = [*(CHECKOUT / "autoenv_hpc").rglob("*.py"), *(CHECKOUT / "shell").iterdir()]
    named = {n for f in files for n in re.findall(r"\bAUTOENV_HPC_[A-Z_]*[A-Z]\b", f.read_text())}
    assert "AUTOENV_HPC_CACHE_DIR" in named
    assert {name for name in named if not re.search(rf"`{name}\w*`", page)} == set()


def test_each_site_is_on_its_page() -> None:
    page = generate.site_data()
    assert "| `hpc2n` | `abisko`, `kebnekaise` | `*.hpc2n.umu.se` |" in page["sites"]
    assert "`SNIC_RESOURCE`" in page["identities"]


def test_the_readme_shows_a_part_of_the_tutorial() -> None:
    tutorial = iter(
        "".join(SESSION.findall((CHECKOUT / "docs/tutorial.md").read_text())).split("\n")
    )
    (session,) = SESSION.findall((CHECKOUT / "README.md").read_text())
    assert all(line in tutorial for line in session.split("\n")[:-1])  # in this order


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_each_configuration_is_valid(page: Path) -> None:
    for text in re.findall(r"^```toml\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
        assert schema.faults(tomllib.loads(text), above=True) == [], text


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_each_command_exists(page: Path) -> None:
    named = set(re.findall(r"(?<![\w./-])autoenv-hpc ([a-z]+)(?=[ \n`\"|)])", page.read_text()))
    assert named <= {name.partition(" ")[0] for name in generate.commands()} | PROSE


def _anchors(page: Path) -> set[str]:
    """The headings of a page, as a forge names them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_each_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in _anchors(there), target


def test_each_page_is_in_the_site() -> None:
    index = (CHECKOUT / "docs/index.md").read_text()
    docs = CHECKOUT / "docs"
    pages = {str(p.relative_to(docs))[:-3] for p in PAGES if docs in p.parents}
    listed = set(re.findall(r"^([\w/-]+)$", index, re.MULTILINE))
    assert pages - {"index"} <= listed
