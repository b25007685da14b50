"""Changes as values: made, taken back, and merged with what the user did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoenv_hpc.activations import active
from autoenv_hpc.environment import Value, applied, difference, holds, merged, undone, with_entries

ENVS = st.dictionaries(
    st.sampled_from(["PATH", "MANPATH", "A", "B", "EMPTY"]),
    st.sampled_from(["", "a", "a:b", "b:a:b", "c::d"]),
)


@given(ENVS, ENVS)
def test_there_and_back(before, after):
    change = difference(before, after)
    assert applied(change, before) == after
    assert holds(change, after)
    assert undone(change, after) == before


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
def test_search_paths_lose_our_entries_only(before, after, now, expected):
    assert merged("PATH", Value(before, after), now) == expected


def test_a_value_that_the_user_set_stays():
    assert merged("EDITOR", Value("vi", "site-editor"), "emacs") == "emacs"
    assert merged("EDITOR", Value("vi", "site-editor"), "site-editor") == "vi"
    assert merged("EDITOR", Value("vi", None), None) == "vi"
    assert merged("EDITOR", Value("vi", None), "emacs") == "emacs"


def test_an_unset_search_path_gets_no_stray_colon():
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
def test_the_state_survives_its_journey_through_the_environment(values):
    change = {
        name: Value(before, after)
        for name, (before, after) in values.items()
        if before != after and name != active.NAME
    }
    given_state = active.State("/p", "p", "o", change, ("m/1",), ("d/1",), ("/x",))
    packed = active.encode(given_state)
    env = applied(change, {}) | {active.NAME: packed}
    found = active.active(env)
    assert found is not None
    assert holds(found.change, env)
    assert undone(found.change, env) == {
        n: v.before for n, v in change.items() if v.before is not None
    }


@pytest.mark.parametrize("nonsense", ["", "x", "eJw=", "A" * 1000, "eJyLBgAAXQBd"])
def test_a_state_that_cannot_be_read_is_none(nonsense):
    assert active.active({active.NAME: nonsense}) is None
