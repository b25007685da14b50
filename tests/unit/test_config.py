"""Configurations: text to values, every fault with its place, and the layers in their order."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoenv_hpc.errors import ConfigError
from autoenv_hpc.guards import Guards
from autoenv_hpc.project import config, layers, trust
from autoenv_hpc.project.config import Cache, PathEdit, PathValue, Venv
from autoenv_hpc.project.sites import Site
from autoenv_hpc.project.toml_lines import line_of

INVALID = sorted((Path(__file__).parent / "configs/invalid").glob("*.toml"))
NOTHING_ABOVE = config.Settings(Guards(), (), trust.PreApproved(), ())


def settle(
    text: str, site: str | None = None, env: str | None = None, *above: str
) -> config.Config:
    """The configuration that a text means."""
    others = tuple(config.parse(t.encode(), f"/above{i}", above=True) for i, t in enumerate(above))
    return layers.select(
        config.parse(text.encode(), "/p/.hpcenv.toml"),
        NOTHING_ABOVE._replace(documents=others),
        Site(site, ""),
        env,
    )


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_invalid(path: Path) -> None:
    """The first line of each file holds what is said of it."""
    text = path.read_text()
    expected = text.splitlines()[0].removeprefix("# ")
    with pytest.raises(ConfigError) as caught:
        config.parse(text.encode(), "F")
    lines = [line for line in str(caught.value).splitlines() if not line.startswith("    ")]
    assert [line.removeprefix("F:") for line in lines] == [expected]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('modules = ["a" "b"]\n', "a comma is missing"),
        ('modules = [\n  "a"\n  "b"\n]\n', "a comma is missing"),
        ('modules = ["a, "b"]\n', "a quote is missing"),
        ("modules = [\u201ca\u201d]\n", "curly quotes"),
        ('modules = ["a"\n[venv]\n', "a list above this line has no ]"),
        ('modules = ["a"\n', "a [ has no ]"),
        ("\ufeffname = 1\n", "byte order mark"),
        ("modules:\n  - a\n", "YAML"),
        ("export X=1\n", "a line for a shell"),
        ("\tmodule load GCC\n", "a line for a shell"),
        ("[venv]\n[a]\n[venv]\n", "[venv] is given twice"),
    ],
)
def test_a_syntax_error_is_shown_with_its_likely_reason(text: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(text.encode(), "F")
    said, source, place = str(caught.value).split("\n")
    assert reason in said
    line = int(said.split(":")[1])
    assert source.strip() == text.splitlines()[line - 1].strip("\ufeff\t ")
    assert place.strip() == "^"
    assert len(place) <= len(source) + 1
    if "comma" in reason:
        assert source[place.index("^") :].startswith('"b"')


def test_all_faults_at_once_in_the_order_of_their_lines() -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(b"nam = 1\nmodules = 1\n[venv]\npth = 1\npython = 3\n", "F")
    assert [line.split(": ")[0] + ": " + line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "F:1: nam", "F:2: modules", "F:4: venv.pth", "F:5: venv.python",
    ]  # fmt: skip


def test_texts_that_look_like_paths_are_pointed_out() -> None:
    text = (
        '[env]\nA = "$HOME/x"\nB = "~/x"\nC = "plain"\nD = { path = "$HOME/x" }\nE = "5$"\n'
        '[site.s.env]\nF = "{user}"\n[envs.e.env]\nG = "${HOME}"\nH = "a~/b {}"\n'
    )
    names = [name for name, _ in config.parse(text.encode(), "F").literal_paths]
    assert sorted(names) == ["A", "B", "F", "G"]


def test_not_utf8() -> None:
    with pytest.raises(ConfigError, match="F:2: not UTF-8"):
        config.parse(b"# ok\nname = '\xff'\n", "F")


DEFAULTS = (".venv", "venv", None, False, None, "auto", True, (), (), (), "notify")


def test_an_empty_file_has_every_default() -> None:
    assert settle("") == config.Config("/p/.hpcenv.toml", "/p", "p")
    assert settle("[venv]").venv == Venv(
        ".venv", "venv", None, False, None, "auto", True, (), (), (), "notify"
    )


def test_every_key_arrives() -> None:
    found = settle(
        'name = "n"\nmodules = ["a/1"]\nmodule-paths = ["m"]\nmodule-policy = "purge"\n'
        '[venv]\npath = "v"\nbackend = "existing"\npython = "3.9"\nsystem-site-packages = true\nprompt = false\n'
        'create = "never"\nin-job = false\nrequirements = ["r"]\npackages = ["p"]\npip-args = ["-q"]\nsync = "off"\n'
        '[env]\nA = "1"\nB = false\nC = { path = "$X/c" }\n[paths]\nP = { prepend = ["x"], append = ["y"] }\n[python-path]\npolicy = "unset"\n'
        '[cache]\nenabled = false\nmax-age = "12h"\n'
    )
    assert found == config.Config(
        "/p/.hpcenv.toml", "/p", "n", ("a/1",), ("m",), "purge",
        Venv("v", "existing", "3.9", True, False, "never", False, ("r",), ("p",), ("-q",), "off"),
        {"A": "1", "B": None, "C": PathValue("$X/c")}, {"P": PathEdit(("x",), ("y",))}, "unset", None, Cache(False, 43_200),
    )  # fmt: skip


LAYERS = """
modules = ["base"]
default-env = "one"
[venv]
path = "base"
python = "3.9"
[env]
A = "base"
B = "base"
C = "base"
[envs.one]
modules = ["one"]
[envs.one.env]
B = "one"
C = "one"
[envs.two.venv]
path = "two"
[site.s]
default-env = "two"
[site.s.env]
C = "site"
[site.s.venv]
backend = "virtualenv"
[site.s.envs.two.env]
A = "site two"
"""


def test_tables_merge_key_by_key_and_lists_replace() -> None:
    base = settle(LAYERS)
    assert (base.modules, base.env, base.env_name) == (
        ("one",),
        {"A": "base", "B": "one", "C": "one"},
        "one",
    )
    here = settle(LAYERS, "s")
    assert here.env == {"A": "site two", "B": "base", "C": "site"}
    assert here.venv == Venv("two", "virtualenv", "3.9")
    one = settle(LAYERS, "s", "one")
    assert (one.env["C"], one.modules) == ("site", ("one",))


def test_the_users_file_gives_defaults_and_never_an_environment_by_itself() -> None:
    above = '[venv]\nbackend = "virtualenv"\n[env]\nA = "user"\n[site.s]\nmatch = { fqdn = ["x"] }\nmodules = ["s"]\n'
    assert settle("", None, None, above).venv is None
    found = settle('[venv]\n[env]\nA = "project"', "s", None, above)
    assert (found.venv, found.env, found.modules) == (
        Venv(backend="virtualenv"),
        {"A": "project"},
        ("s",),
    )


def test_a_named_environment_has_a_folder_of_its_own() -> None:
    text = "[venv]\n[envs.py2.venv]\n[envs.py3.venv]\npath = 'x'\n"
    made = [settle(text, None, name).venv for name in (None, "py2", "py3")]
    assert [venv and venv.path for venv in made] == [".venv", ".venv-py2", "x"]
    with pytest.raises(ConfigError, match=r"no \[envs.py4\] \(defined: py2, py3\)"):
        settle(text, None, "py4")


def test_only_sites() -> None:
    text = 'only-sites = ["uppmax", "hpc2n"]'
    assert settle(text, "hpc2n").name == "p"
    for site, said in ((None, "the site here is unknown"), ("nsc", "this is nsc")):
        with pytest.raises(ConfigError, match=said):
            settle(text, site)


def test_the_nearest_file_governs_and_there_are_limits(tmp_path: Path) -> None:
    home = tmp_path / "home"
    deep = home / "a/b/c"
    deep.mkdir(parents=True)
    (tmp_path / ".hpcenv.toml").touch()

    def find(start: Path | str, *ceilings: str) -> str | None:
        return config.find(str(start), str(home), ceilings)

    assert find(deep) is None  # the file lies above home
    (home / ".hpcenv.toml").touch()
    (home / "a/.hpcenv.toml").touch()
    assert find(deep) == str(home / "a/.hpcenv.toml")
    assert find(home) == str(home / ".hpcenv.toml")
    assert find(deep, str(home / "a/b")) is None
    assert find(deep, str(home / "a")) == str(home / "a/.hpcenv.toml")
    assert find("/") is None


KEYS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\x7f", min_codepoint=32),
    min_size=1,
    max_size=5,
)


@given(st.lists(st.tuples(KEYS, st.sampled_from(['"x"', "'''a\n[b]\n'''", "[1, [2,\n3], {a = 1}]", "{b = {c = '}'}}", "1979-05-27T07:32:00Z"])),
                unique_by=lambda pair: pair[0]))  # fmt: skip
def test_the_line_of_each_key(pairs: list[tuple[str, str]]) -> None:
    lines, text = [], ""
    for key, value in pairs:
        quoted = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
        text += "# comment [x]\n\n"
        lines.append(text.count("\n") + 1)
        text += f"{quoted} = {value} # y\n"
    tomllib.loads(text)
    assert [line_of(text, (key,)) for key, _ in pairs] == lines
