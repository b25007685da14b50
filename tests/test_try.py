import pytest
from conftest import SHELLS, MODULE_TOOLS

@pytest.mark.parametrize("tool", MODULE_TOOLS)
@pytest.mark.parametrize("shell", SHELLS)
def test_try(cluster, shell, tool, module_init):
    root = cluster.project('modules=["python/3.9.5"]\n[venv]\n')
    sh = cluster.shell(shell, module_init(shell, tool))
    print(sh.greeting)
    before = sh.snapshot()
    print(sh.run("cd it?s*"))
    print(sh.output("command -v python; python -c 'import sys; print(sys.prefix, sys.base_prefix)'; echo $LOADEDMODULES"))
    print(sh.run("cd .."))
    assert sh.snapshot() == before
    print(sh.output("ls -la; echo it?s*; type cd"))
    print(sh.run("cd it?s*"))
    print(sh.output("command -v python; python -c 'import sys; print(sys.prefix, sys.base_prefix)'; echo $LOADEDMODULES"))
    print(sh.run("cd .."))
    assert sh.snapshot() == before
