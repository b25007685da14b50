"""What module tools write down about a search path."""

import pytest

from autoenv_hpc.environment import Change, Value
from autoenv_hpc.modules import bookkeeping

CHANGE = Change({"MANPATH": Value(None, "/r")})


@pytest.mark.parametrize(
    ("name", "counts", "kept"),
    [
        ("__LMOD_REF_COUNT_MANPATH", "/r:1;/x:1", "/x:1"),
        ("__LMOD_REF_COUNT_MANPATH", "/r:1", None),
        ("__MODULES_SHARE_MANPATH", "/x:2", "/x:2"),
        ("__MODULES_SHARE_MANPATH", "/r:2:/x:3", "/x:3"),
        ("MANPATH_modshare", "/r:1:/x:1", "/x:1"),  # of Environment Modules 4
        ("MANPATH_modshare", "/r:1", None),
        ("__LMOD_REF_COUNT_PATH", "/r:1", "/r:1"),  # the project has nothing in it
    ],
)
def test_only_entries_that_are_there_are_counted(name: str, counts: str, kept: str | None) -> None:
    env = bookkeeping.with_true_counts({"MANPATH": "/x", name: counts}, CHANGE)
    assert env == {"MANPATH": "/x", **({name: kept} if kept else {})}
