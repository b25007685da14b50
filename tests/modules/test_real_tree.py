"""All modules of a real tree are stored, and a replay gives what a load gives.

TREE_OF_LMOD and TREE_OF_MODULES name the MODULEPATH of such a tree, as EasyBuild and Spack make them
(`eb --module-only` needs no build). TREE_SAMPLE says how many of its modules are tried.
"""

import os
import random
from pathlib import Path

import pytest
from homes import MODULE_TOOLS
from proof.product import Product, comparable
from proof.worlds import World

_SAMPLE = int(os.environ.get("TREE_SAMPLE", "40"))


def _names(tree: str) -> list[str]:
    """The modules that are visible from the start."""
    found = []
    for folder in map(Path, tree.split(":")):
        files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        found += [str(path).removesuffix(".lua") for path in files if not path.name.startswith(".")]
    return sorted(found)


@pytest.mark.parametrize("tool", MODULE_TOOLS)
def test_what_a_real_tree_has_is_stored_and_replayed(
    tool: str, tool_env: dict[str, dict[str, str]], tmp_path: Path
) -> None:
    tree = os.environ.get(f"TREE_OF_{tool.upper()}", "")
    if not tree:
        pytest.skip(f"TREE_OF_{tool.upper()} names no tree")
    env = {"HOME": "@/home", "PATH": "/usr/local/bin:/usr/bin:/bin", "MODULEPATH": tree, "USER": "user"}  # fmt: skip
    names, refused, different = _names(tree), [], []
    with Product(tool, tool_env[tool], tmp_path) as product:
        for name in random.sample(names, min(len(names), _SAMPLE)):
            world = product.begin(World(tool, dict.fromkeys(("home", "p")), env, (name,)))
            entered = product.enter(world)
            replayed = product.replay(world)
            if entered.status or replayed is None:
                refused.append((name, entered.words))
            elif comparable(replayed) != comparable(product.load(world)):
                different.append(name)
    assert not different
    assert not refused
