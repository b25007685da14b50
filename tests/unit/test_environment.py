"""Changes as values: made, taken back, and merged with what the user did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoenv_hpc.activations import active
from autoenv_hpc.environment import Change, Env, Value, merged, with_entries

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
    project = active.ActiveProject("/p", "p", "o", change, ("m/1",), ("d/1",), ("/x",))
    packed = active.encode(project)
    env = change.applied_to({}) | {active.NAME: packed}
    found = active.active_project(env)
    assert found is not None
    assert found.change.holds_in(env)
    outside = {n: v.before for n, v in change.items() if v.before is not None}
    assert found.change.undone_in(env) == outside
    assert active.without_project(env) == outside


@pytest.mark.parametrize("nonsense", ["", "x", "eJw=", "A" * 1000, "eJyLBgAAXQBd"])
def test_a_state_that_cannot_be_read_is_none(nonsense: str) -> None:
    assert active.active_project({active.NAME: nonsense}) is None
