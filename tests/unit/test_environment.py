"""Changes as values: made, taken back, and merged with what the user did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoenv_hpc.activations import active
from autoenv_hpc.environment import Change, Env, Value, merged, with_entries
from autoenv_hpc.modules.bookkeeping import Module

ENVS = st.dictionaries(
    st.sampled_from(["PATH", "MANPATH", "A", "B", "EMPTY"]),
    st.sampled_from(["", "a", "a:b", "b:a:b", "c::d"]),
)


@given(ENVS, ENVS)
def test_there_and_back(before: Env, after: Env) -> None:
    change = Change.between(before, after)
    assert change.applied_to(before) == after
    assert change.holds_in(after)
    assert change.undone_in(after) == before
    assert change.reversed().applied_to(after) == before
    assert change.reversed().reversed() == change


@pytest.mark.parametrize(
    ("before", "after", "now", "expected"),
    [
        ("/b:/b:/c", "/v:/b:/b:/c", "/v:/b:/b:/c", "/b:/b:/c"),
        ("/b:/c", "/v:/b:/c", "/mine:/v:/b:/c", "/mine:/b:/c"),
        ("/b:/c", "/v:/b:/c", "/v:/b:/c:/mine", "/b:/c:/mine"),
        ("/b:/c", "/v:/b:/c", "/v:/b:/mine:/c", "/b:/mine:/c"),
        (
            "/b:/c:/b",
            "/v:/b:/c",
            "/mine:/v:/b:/c",
            "/mine:/b:/c:/b",
        ),  # the tool had dropped a duplicate
        ("/b:/c", "/v:/b:/c", "/b:/c", "/b:/c"),  # the user took ours out
        ("/b:/c", "/v:/b:/c", "/v:/c", "/c"),  # the user took one of theirs out
        ("/b:/c", "/v:/b:/c", "/v:/c:/b", "/c:/b"),  # the user put them into another order
        (None, "/v", "/v:/mine", "/mine"),
        (None, "/v", "/v", None),
        ("", "/v", "/v", ""),
        ("/b", "/v:/b", None, None),  # unset by the user
        ("/b", "/b:/v", "/b:/v:/mine", "/b:/mine"),
        # what entering displaced comes back where it was
        ("/d:/b", "/v:/b", "/mine:/v:/b", "/mine:/d:/b"),
        ("/b:/d", "/v:/b", "/v:/b:/mine", "/b:/d:/mine"),
        ("/b:/d:/c", "/v:/b:/c", "/v:/b:/mine:/c", "/b:/mine:/d:/c"),
        ("/d:/b", "/v:/b", "/mine", "/mine:/d"),  # the user began anew
        ("/d:/b", "/v:/b", "/b", "/d:/b"),  # the user took ours out
        ("/d", None, "/mine", "/mine:/d"),
        ("/d/:/b", "/v:/d:/b", "/mine:/v:/d:/b", "/mine:/d/:/b"),  # rewritten by the tool
        ("/b:/d", "/d:/b", "/mine:/d:/b", "/mine:/b:/d"),  # moved to the front by the tool
        ("/d:/b", "/v:/b", "/d:/b", "/d:/b"),  # something else has put it back already
        ("/b:/b:/c", "/v:/b:/c", "/v:/c", "/c"),  # the user took both out
        ("/b", "/v:/b", "/v:/v:/b", "/b"),  # added once more, as an environment's script does
        ("/b", "/b:/b", "/b:/b:/mine", "/b:/mine"),
    ],
)
def test_search_paths_lose_our_entries_only(
    before: str | None, after: str, now: str | None, expected: str | None
) -> None:
    assert merged("PATH", Value(before, after), now) == expected


def test_a_value_that_the_user_set_stays() -> None:
    assert merged("EDITOR", Value("vi", "site-editor"), "emacs") == "emacs"
    assert merged("EDITOR", Value("vi", "site-editor"), "site-editor") == "vi"
    assert merged("EDITOR", Value("vi", None), None) == "vi"
    assert merged("EDITOR", Value("vi", None), "emacs") == "emacs"


@pytest.mark.parametrize(
    ("name", "before", "after", "now", "expected"),
    [
        ("PERL5LIB", None, "/v", "/mine:/v", "/mine"),
        ("PERL5LIB", "/b", "/b:/v", "/v", ""),
        ("R_LIBS_SITE", "/b", "/v:/b", "/v:/mine:/b", "/mine:/b"),
        ("LUA_PATH", "./?.lua;;", "/v/?.lua;./?.lua;;", "/u/?.lua;/v/?.lua;./?.lua;;", "/u/?.lua;./?.lua;;"),
        ("LUA_INIT_DIR", None, "/v/?.lua", "/v/?.lua;/u/?.lua", "/u/?.lua"),
        ("http_proxy", "http://a:80", "http://b:80", "http://c:80", "http://c:80"),
        ("CFLAGS", None, "-O2", "-O2 -g", "-O2 -g"),
        ("DISPLAY", ":0", ":1", ":2", ":2"),
    ],
)  # fmt: skip
def test_what_is_used_as_a_search_path_is_one(
    name: str, before: str | None, after: str, now: str, expected: str
) -> None:
    assert merged(name, Value(before, after), now) == expected


def test_a_variable_whose_entries_the_module_tool_counts_is_a_search_path() -> None:
    change = Change(
        {"R_LIBS_SITE": Value("/d", "/v"), "__LMOD_REF_COUNT_R_LIBS_SITE": Value("/d:1;", "/v:1;")}
    )
    assert change.undone_in({"R_LIBS_SITE": "/mine"})["R_LIBS_SITE"] == "/mine:/d"


PLACES = st.lists(st.sampled_from(["a", "b", "c", "d", "v", "w"]), max_size=7)


@given(PLACES, PLACES, st.lists(st.integers(0, 8), max_size=4))
def test_the_users_entries_stay_and_the_rest_is_as_before(
    before: list[str], after: list[str], inserted: list[int]
) -> None:
    now = list(after)
    for number, place in enumerate(inserted):
        now.insert(place, f"user{number}")
    value = Value(":".join(before), ":".join(after))
    result = (merged("PATH", value, ":".join(now)) or "").split(":")
    users = [entry for entry in now if entry.startswith("user")]
    assert [entry for entry in result if entry.startswith("user")] == users
    assert [entry for entry in result if entry and not entry.startswith("user")] == before


@given(PLACES, PLACES, st.sampled_from("abcd"))
def test_an_entry_that_the_user_removed_stays_removed(
    before: list[str], after: list[str], removed: str
) -> None:
    now = [entry for entry in after if entry != removed]
    if removed in after:
        result = (
            merged("PATH", Value(":".join(before), ":".join(after)), ":".join(now)) or ""
        ).split(":")
        kept = set(before) & set(after)
        expected = [e for e in before if e != removed or e not in kept]
        assert [entry for entry in result if entry] == expected


def test_an_unset_search_path_gets_no_stray_colon() -> None:
    assert with_entries(None, ["a"], ["b"]) == "a:b"
    assert with_entries("", ["a"]) == "a"
    assert with_entries("x", ["a"], ["b"]) == "a:x:b"


TEXT = st.text(st.characters(exclude_characters="\0"), max_size=60)


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z_]{1,9}", fullmatch=True),
        st.tuples(st.none() | TEXT, st.none() | TEXT),
        max_size=6,
    )
)
def test_the_state_survives_its_journey_through_the_environment(
    values: dict[str, tuple[str | None, str | None]],
) -> None:
    change = Change(
        (name, Value(before, after))
        for name, (before, after) in values.items()
        if before != after and name != active.NAME
    )
    ours, displaced = (Module("m/1", "/t/m/1.lua"),), (Module("d/1", "/t/d/1"),)
    project = active.ActiveProject("/p", "p", "o", change, ours, displaced, ("/x",), change)
    packed = active.encode(project)
    env = change.applied_to({}) | {active.NAME: packed}
    found = active.active_project(env)
    assert found is not None
    assert (found.modules, found.displaced, found.paths) == (ours, displaced, ("/x",))
    assert found.rest.holds_in(env)
    assert found.change.holds_in(env)
    outside = {n: v.before for n, v in change.items() if v.before is not None}
    assert found.change.undone_in(env) == outside
    assert active.without_project(env) == outside


@pytest.mark.parametrize("nonsense", ["", "x", "eJw=", "A" * 1000, "eJyLBgAAXQBd"])
def test_a_state_that_cannot_be_read_is_none(nonsense: str) -> None:
    assert active.active_project({active.NAME: nonsense}) is None
