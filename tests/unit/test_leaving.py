"""Leaving where the user has activated environments inside: one table, without any program."""

import pytest

from autoenv_hpc.activations import active, leaving, other_venvs
from autoenv_hpc.activations.active import ActiveProject
from autoenv_hpc.environment import Change, Env, Value

SYSTEM = "/usr/bin:/bin"


def conda(*prefixes: str, path: str = SYSTEM, **more: str) -> Env:
    """The variables with these conda environments active, as conda leaves them."""
    env = {"PATH": ":".join([*(f"{p}/bin" for p in prefixes[-1:]), path]), **more}
    if prefixes:
        outer = {f"CONDA_PREFIX_{n}": p for n, p in enumerate(prefixes[:-1], 1)}
        env |= {**outer, "CONDA_PREFIX": prefixes[-1], "CONDA_SHLVL": str(len(prefixes))}
        env |= {
            "CONDA_DEFAULT_ENV": prefixes[-1][1:],
            "CONDA_PROMPT_MODIFIER": f"({prefixes[-1][1:]}) ",
        }
    return env


def venv(prefix: str, path: str = SYSTEM, **more: str) -> Env:
    """The variables with a virtual environment active, as the one of fish leaves them."""
    own = {
        "VIRTUAL_ENV": prefix,
        "VIRTUAL_ENV_PROMPT": f"({prefix[1:]}) ",
        "_OLD_VIRTUAL_PATH": path,
    }
    return {"PATH": f"{prefix}/bin:{path}", **own, **more}


def inside(**more: str) -> Env:
    """The variables in a project with a virtual environment, as entering leaves them."""
    return {
        "PATH": f"/p/venv/bin:/p/bin:{SYSTEM}",
        "VIRTUAL_ENV": "/p/venv",
        "VIRTUAL_ENV_PROMPT": "p",
        **more,
    }


OURS = f"/p/bin:{SYSTEM}"
BASE = {"CONDA_EXE": "/base/bin/conda"}
CASES = {
    "base comes back": (conda("/base"), inside(CONDA_SHLVL="0"), inside(CONDA_SHLVL="0", X="1"), conda("/base", X="1")),
    "a conda project over base": (conda("/base"), conda("/p/env", path=OURS), conda("/p/env", "/o", path=OURS), conda("/base", "/o")),
    "a conda project over nothing": (conda(), conda("/p/env", path=OURS), conda("/p/env", "/o", path=OURS), conda("/o")),
    "two on top": (conda("/base"), conda("/p/env", path=OURS), conda("/p/env", "/o", "/q", path=OURS), conda("/base", "/o", "/q")),
    "over two": (conda("/base", "/a"), conda("/p/env", path=OURS), conda("/p/env", "/o", path=OURS), conda("/base", "/a", "/o")),
    "the project's one deactivated": (conda("/base"), conda("/p/env", path=OURS), conda(path=OURS, CONDA_SHLVL="0"), conda("/base")),
    "the project's one back on top": (
        conda("/base"),
        conda("/p/env", path=OURS, CONDA_PROMPT_MODIFIER="(p) "),
        conda("/p/env", path=OURS, CONDA_PROMPT_MODIFIER="(/p/env) "),
        conda("/base"),
    ),
    "a new shell's rc file activates base again": (conda("/base"), conda("/p/env", path=OURS), conda("/p/env", "/base", path=OURS), conda("/base")),
    "no environment in the project": (
        conda("/base"),
        {"PATH": OURS, "CONDA_SHLVL": "0"},
        conda("/o", path=OURS),
        conda("/base", "/o"),
    ),
    "a conda of the user's own": (
        conda("/base", **BASE),
        conda("/p/env", path=OURS, **BASE),
        conda("/p/env", "/o", path=OURS, **BASE),
        conda("/base", "/o", **BASE),
    ),
    "a conda of the project": (
        conda("/base", **BASE),
        {"PATH": OURS, "CONDA_SHLVL": "0", "CONDA_EXE": "/m/bin/conda"},
        conda("/o", path=OURS, CONDA_EXE="/m/bin/conda"),
        conda("/base", **BASE),
    ),
    "what conda keeps moves with its level": (
        conda(),
        conda("/p/env", path=OURS),
        conda("/p/env", "/o", "/q", path=OURS, __CONDA_SHLVL_2_X="x", __CONDA_SHLVL_0_Y="y"),
        conda("/o", "/q", __CONDA_SHLVL_1_X="x"),
    ),
    "another venv": (conda(), inside(), venv("/o", inside()["PATH"]), venv("/o")),
    "another venv instead of one outside": (venv("/a"), inside(), venv("/o", inside()["PATH"]), venv("/o")),
    "another venv beside base": (
        conda("/base"),
        inside(CONDA_SHLVL="0"),
        venv("/o", inside()["PATH"], CONDA_SHLVL="0"),
        conda("/base") | {"PATH": f"/o/bin:/base/bin:{SYSTEM}", "VIRTUAL_ENV": "/o"}
        | {"VIRTUAL_ENV_PROMPT": "(o) ", "_OLD_VIRTUAL_PATH": f"/base/bin:{SYSTEM}"},
    ),
    "another venv and gone again": (venv("/a"), inside(), {"PATH": inside()["PATH"]}, venv("/a")),
    "the project's own venv": (venv("/a"), inside(), venv("/p/venv", inside()["PATH"]), venv("/a")),
    "a variable that the venv keeps": (
        {"PATH": SYSTEM, "PKG_CONFIG_PATH": "/d"},
        inside(PKG_CONFIG_PATH="/m:/d"),
        venv("/o", inside()["PATH"], PKG_CONFIG_PATH="/o/lib:/m:/d", _OLD_PKG_CONFIG_PATH="/m:/d"),
        venv("/o", PKG_CONFIG_PATH="/o/lib:/d", _OLD_PKG_CONFIG_PATH="/d"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_users_environments_lie_above_those_from_outside(
    case: tuple[Env, Env, Env, Env],
) -> None:
    outside, entered, now, expected = case
    recorded = {n: Value(outside.get(n), entered.get(n)) for n in active.RECORDED}
    project = ActiveProject(
        "/p", "p", "o", Change({**recorded, **Change.between(outside, entered)})
    )
    assert leaving.outside(now, project) == expected
    assert leaving.outside(entered, project) == outside


@pytest.mark.parametrize("prefixes", [(), ("/a",), ("/a", "/b", "/c")])
def test_the_stack_of_conda(prefixes: tuple[str, ...]) -> None:
    env = conda(*prefixes)
    assert other_venvs.conda_stack(env) == list(prefixes)
    assert other_venvs.without_conda(env) == conda(**({"CONDA_SHLVL": "0"} if prefixes else {}))
    if prefixes:
        assert other_venvs.with_conda_stack(env, list(prefixes)) == env
