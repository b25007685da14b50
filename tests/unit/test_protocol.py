"""What Python writes and what the shells know are one protocol, word for word.

On one side stand the hooks and the script that answers `exec`; on the other the dialects and
whatever else in the package writes code for a shell. Neither can be run to compare them: a word
that only one of them knows does nothing in most cases, and shows in the rarest.
"""

import ast
import functools
import inspect
import itertools
import re
from pathlib import Path

import pytest
from golden_cases import DIALECTS, texts

from autoenv_hpc.activations import stamps, store, storing
from autoenv_hpc.commands import hook
from autoenv_hpc.shells import protocol
from autoenv_hpc.shells.dialects import dialect_for
from autoenv_hpc.system import turns

CHECKOUT = Path(__file__).resolve().parents[2]
SHELLS = {"bash": ("bash", "bash4"), "zsh": ("zsh",), "fish": ("fish",)}  # and their dialects

# What an activation is sourced for, and by whom.
HOOK_MODES = {"enter", "adopt"}
EXEC_MODES = {"exec", "noted", "check"}
QUESTIONS = {"leave", "look", "watched", "fresh"}  # why a hook asks
SWITCHES = {"on", "off", "reload"}  # what the user types
PRECISION = {"coarse", "fine"}  # how a bash compares the times of files
NOT_OURS = {
    "in",
    "is",
    "deactivate",
    "pydoc",
    "fish",
    "fish_prompt",
    "real",
    "zsh",
}  # the shell's own words, and those of messages

_WORD = re.compile(r"__autoenv_hpc_(\w+)")
# A bare word that is assigned to one of our variables, handed to one of our functions, or taken
# in place of an empty one.
_VOCABULARY = re.compile(r"(?:__autoenv_hpc_\w+(?:=| |:-|\}?\" )|\{1:-)([a-z]\w*)\b")
_DEFINITION = re.compile(r"__autoenv_hpc_(\w+)\(\)|function __autoenv_hpc_(\w+)")
_SECTION = re.compile(r"^# --- (.+?) -+$", re.MULTILINE)
_PYTHON_CALLS = "what activations and answers call"


@functools.cache
def code(file: Path) -> str:
    """The text of a shell file without its comments."""
    return re.sub(r"(^|\s)#(\s.*)?$", "", file.read_text(), flags=re.MULTILINE)


@functools.cache
def hook_files(name: str) -> list[Path]:
    """The files that make up a shell's hook: what the rc file sources, and what that sources."""
    found: list[str] = []
    wanted = re.findall(r"/(hook\.\w+)", hook.text(name, "/bin/autoenv-hpc", ()))
    while wanted:
        file = wanted.pop()
        if file in found:
            continue
        found.append(file)
        lines = code(CHECKOUT / "shell" / file).splitlines()
        wanted += re.findall(
            r"\b(hook\.\w+)", "\n".join(line for line in lines if "source" in line)
        )
    return [CHECKOUT / "shell" / file for file in found]


def defined(files: list[Path]) -> set[str]:
    """The functions of ours that shell files define."""
    return {"".join(match) for file in files for match in _DEFINITION.findall(code(file))}


def for_python(file: Path) -> set[str]:
    """The functions in the section that is meant for activations and answers."""
    parts = _SECTION.split(file.read_text())
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {"".join(match) for match in _DEFINITION.findall(sections.get(_PYTHON_CALLS, ""))}


def written(text: str) -> set[str]:
    """The functions of ours that a text calls; what is assigned to or expanded is a variable."""
    variables = re.findall(
        r"__autoenv_hpc_(\w+)=|(?:\$\{?|printf -v |read -[lrz]+ |set -[gla]+ )__autoenv_hpc_(\w+)",
        text,
    )
    return set(_WORD.findall(text)) - set(itertools.chain.from_iterable(variables))


@functools.cache
def nodes() -> list[ast.AST]:
    """All that is written in the package."""
    files = sorted((CHECKOUT / "autoenv_hpc").rglob("*.py"))
    return [node for file in files for node in ast.walk(ast.parse(file.read_text(), file.name))]


TEXTS = dict(texts())


def texts_of(variety: str, kind: str = "") -> list[str]:
    """The golden texts in one dialect."""
    return [t for n, t in TEXTS.items() if n.startswith(kind) and n.endswith(f".{variety}")]


WRITTEN = {name: set().union(*map(written, texts_of(name))) for name in DIALECTS}


def test_the_golden_files_show_each_call_that_python_writes() -> None:
    calls = {
        node.args[0].value
        for node in nodes()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "call"
        and isinstance(node.args[0], ast.Constant)
    }
    assert {"begin", "end", "say", "watch"} <= calls
    assert calls <= set().union(*WRITTEN.values())


@pytest.mark.parametrize("name", SHELLS)
def test_the_hook_has_each_function_that_is_called(name: str) -> None:
    there = defined(hook_files(name)) | {"leave_active"}  # which each activation defines itself
    for variety in SHELLS[name]:
        assert "begin" in WRITTEN[variety]
        assert WRITTEN[variety] <= there, variety


@pytest.mark.parametrize("name", SHELLS)
def test_each_function_that_is_meant_for_python_is_called(name: str) -> None:
    """By Python for one of the shells that source the file, or by another function of the hook."""
    assert any(map(for_python, hook_files(name)))
    for file in hook_files(name):
        readers = [other for other in SHELLS if file in hook_files(other)]
        called = set().union(*(WRITTEN[d] for other in readers for d in SHELLS[other]))
        hooks = {one for other in readers for one in hook_files(other)}
        uses = re.sub(_DEFINITION, "", "\n".join(map(code, hooks)))
        assert for_python(file) <= called | set(_WORD.findall(uses)), file.name


@pytest.mark.parametrize("name", SHELLS)
def test_an_activation_defines_the_way_back_that_the_hook_calls(name: str) -> None:
    assert "leave_active" in set(_WORD.findall("\n".join(map(code, hook_files(name)))))
    for variety in SHELLS[name]:
        for kind in ("stored", "entering"):
            text = TEXTS[f"{kind}/variables.{variety}"]
            assert {"".join(m) for m in _DEFINITION.findall(text)} == {"leave_active"}


@pytest.mark.parametrize("variety", SHELLS["bash"])
def test_exec_has_each_function_that_an_activation_calls_there(variety: str) -> None:
    script = CHECKOUT / "shell/autoenv-hpc"
    for text in texts_of(variety, "stored/"):
        until_the_end_of_check = text.partition("check) ")[0]
        lines = until_the_end_of_check.splitlines()
        # these tests are not reached where an environment is made for CMD alone
        lines = [line for line in lines if not line.startswith("[[ $1 == exec ")]
        assert len(lines) < len(text.splitlines())
        assert written("\n".join(lines)) <= defined([script]) | {"leave_active"}


@pytest.mark.parametrize("name", SHELLS)
def test_the_words_of_a_hook(name: str) -> None:
    words = set().union(*(_VOCABULARY.findall(code(file)) for file in hook_files(name)))
    needed = HOOK_MODES | QUESTIONS | {"off"}
    of_bash = PRECISION | set(SHELLS["bash"])
    assert words >= (needed | of_bash if name == "bash" else needed)
    assert words - NOT_OURS <= needed | of_bash | {"keep", "drop"}  # -deactivate
    said = set(re.findall(r"\w+", "\n".join(map(code, hook_files(name)))))
    assert said >= SWITCHES


def test_the_words_of_exec() -> None:
    words = set(_VOCABULARY.findall(code(CHECKOUT / "shell/autoenv-hpc")))
    # `any` is the choice of whoever only leaves
    assert words - NOT_OURS == EXEC_MODES | set(SHELLS["bash"]) | {"any"}
    assert all("__autoenv_hpc_choice-} == any" in t for t in texts_of("bash", "stored/"))


@pytest.mark.parametrize("variety", DIALECTS)
def test_the_modes_of_an_activation(variety: str) -> None:
    """`check` is also what the way back is asked by a new shell."""
    text = TEXTS[f"stored/everything.{variety}"]
    compared = re.findall(r'\$(?:\{?1-?\}?|argv\[1\]"?) [!=]?= (\w+)', text)
    cases = re.findall(r"case \$1 in ([^)]+)\)|^(\w+)\) ", text, re.MULTILINE)
    words = {*compared, *re.findall(r"\w+", " ".join(map(" ".join, cases)))}
    assert words == HOOK_MODES | {"check"} | (set() if variety == "fish" else EXEC_MODES)


def test_a_question_has_its_parts_in_the_same_order_everywhere() -> None:
    assert protocol.Question._fields == ("protocol", "shell", "what", "root", "active", "precision")
    for name in SHELLS:
        text = "\n".join(map(code, hook_files(name))).replace("\\\n", " ")
        asked = re.findall(r"__shell (.*?)</dev/null", text)
        assert len(asked) == 1, name
        number, dialect_name, *words = asked[0].split()
        assert "protocol" in number, name
        assert "dialect" in dialect_name or dialect_name == name
        *asks, active, precision = words
        assert asks in (['"$1"', '"$2"'], ["$argv"]), name
        assert "active" in active, name
        assert "precision" in precision or precision in PRECISION, name


def test_python_compares_with_words_that_a_hook_says() -> None:
    compared: dict[str, set[str]] = {"what": set(), "precision": set()}
    for node in nodes():
        match node:
            case ast.Compare(ast.Attribute(ast.Name("question"), attr), _, [ast.Constant(word)]):
                compared.get(attr, set()).add(str(word))  # a load asks questions, too
    assert compared["what"]
    assert compared["what"] <= QUESTIONS
    assert compared["precision"]
    assert compared["precision"] <= PRECISION
    assert protocol.Question._field_defaults["precision"] in PRECISION


@pytest.mark.parametrize("variety", DIALECTS)
def test_a_dialect_is_called_by_its_suffix(variety: str) -> None:
    assert dialect_for(variety).name == dialect_for(variety).suffix == variety


def shell_readers() -> dict[str, str]:
    """What reads the cache, and its code."""
    readers = {name: "\n".join(map(code, hook_files(name))) for name in SHELLS}
    return {**readers, "exec": code(CHECKOUT / "shell/autoenv-hpc")}


def test_the_folders_of_the_cache(tmp_path: Path) -> None:
    assert store.folder("/cache", "/project") == "/cache/activations/project"
    stamps.make_stamps(str(tmp_path), ())
    assert [path.name for path in tmp_path.iterdir()] == ["stamps"]
    for reader, text in shell_readers().items():
        folders = set(re.findall(r"\$__autoenv_hpc_cache/(\w+)(?![\w-])", text))
        assert folders == {"activations", "stamps"}, reader


def test_the_stamps_that_have_names(tmp_path: Path) -> None:
    stamps.make_stamps(str(tmp_path), ())
    assert {path.name for path in (tmp_path / "stamps").iterdir()} == {"seal", "fine"}
    for reader, text in shell_readers().items():
        names = set(re.findall(r"/stamps/(\w+)", text))
        assert names >= ({"seal", "fine"} if reader == "bash" else {"seal"}), reader
        assert names <= {"seal", "fine"}, reader


def test_the_slots() -> None:
    numbers = " ".join(map(str, range(store.SLOTS)))
    for variety in DIALECTS:
        names = [Path(path).name for path in store.slots("/cache", "/project", variety)]
        assert names == [f"{number}.{variety}" for number in range(store.SLOTS)]
    for reader, text in shell_readers().items():
        assert re.findall(r"for __autoenv_hpc_slot in ([\d ]+)", text) == [numbers], reader
        words = {"fish": "fish", "exec": "$__autoenv_hpc_drawer$__autoenv_hpc_suffix"}
        word = words.get(reader, "$__autoenv_hpc_dialect")
        assert f"$__autoenv_hpc_slot.{word}" in text, reader
        if reader != "exec":
            assert f"$__autoenv_hpc_folder/0.{word}" in text, reader


def test_python_reads_each_variable_that_the_script_hands_on() -> None:
    script = code(CHECKOUT / "shell/autoenv-hpc")
    handed_on = set(re.findall(r"export \"?(AUTOENV_HPC_\w+?_?)(?==|\$)", script))
    names = ("SELF", "TURN", "IGNORED", "SLURM_EXPORT_ENV", "TRUE_")
    handed_on.remove("AUTOENV_HPC_CUT")  # to the script itself, which takes it away
    assert "unset -v AUTOENV_HPC_CUT" in script
    assert handed_on == {f"AUTOENV_HPC_{name}" for name in names}
    constants = {
        node.value
        for node in nodes()
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert handed_on <= constants


def test_notes_and_turns_are_in_the_folder_that_a_cleaning_finds() -> None:
    names = re.findall(r"/(autoenv-hpc\.\$UID)\n", code(CHECKOUT / "shell/autoenv-hpc"))
    assert len(names) == 1
    for module in (storing, turns):
        assert '"autoenv-hpc.{os.getuid()}"' in inspect.getsource(module)
