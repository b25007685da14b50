"""Which site: recorded environments of real login shells and jobs, in the order of the rules."""

import pytest

from autoenv_hpc.errors import ConfigError
from autoenv_hpc.guards import Guards
from autoenv_hpc.project.sites import Match, detect

HPC2N = {"hpc2n": Match({"SNIC_RESOURCE": ("kebnekaise",)}, ("*.hpc2n.umu.se",))}
BOTH = {**HPC2N, "other": Match({"SNIC_RESOURCE": ("keb*",)})}


def name(
    environ: dict[str, str],
    matches: dict[str, Match] | None = None,
    option: str | None = None,
    host: str = "localhost",
    known: tuple[str, ...] = (),
) -> str | None:
    """The site's name."""
    return detect(environ, matches or {}, option, lambda: host, known=known).name


@pytest.mark.parametrize(
    ("environ", "host", "expected"),
    [
        ({"SNIC_RESOURCE": "kebnekaise"}, "b-cn0123", "hpc2n"),
        ({"SNIC_RESOURCE": "rackham"}, "r483", "uppmax"),
        ({"SNIC_RESOURCE": "tetralith"}, "n1", "nsc"),
        ({"CC_CLUSTER": "narval"}, "nc30123", "alliance"),
        ({"NERSC_HOST": "perlmutter", "SLURM_CLUSTER_NAME": "es"}, "nid001001", "nersc"),
        ({"NERSC_HOST": "unknown"}, "nid001001", None),
        ({"TACC_SYSTEM": "frontera"}, "c101-001", "tacc"),
        ({"PAWSEY_CLUSTER": "setonix"}, "nid001001", "pawsey"),
        ({"LMOD_SYSTEM_NAME": "dardel"}, "nid001001", "pdc"),
        ({"SLURM_CLUSTER_NAME": "cosmos"}, "cx01", "lunarc"),
        ({}, "kebnekaise-an01.hpc2n.umu.se", "hpc2n"),
        ({}, "rackham1.uppmax.uu.se.", "uppmax"),
        ({}, "nid001", None),
        ({}, "login1", None),
        ({}, "kebnekaise", None),
        ({"HOSTNAME": "x.hpc2n.umu.se"}, "localhost", None),
    ],
)
def test_what_the_tool_knows_by_itself(
    environ: dict[str, str], host: str, expected: str | None
) -> None:
    assert name(environ, host=host) == expected


def test_the_order_of_the_rules() -> None:
    environ = {"AUTOENV_HPC_SITE": "nsc", "SNIC_RESOURCE": "kebnekaise", "CC_CLUSTER": "narval"}
    assert name(environ, HPC2N, option="uppmax") == "uppmax"
    assert name(environ, HPC2N) == "nsc"
    del environ["AUTOENV_HPC_SITE"]
    assert name(environ, HPC2N) == "hpc2n"
    del environ["SNIC_RESOURCE"]
    assert name(environ, HPC2N, host="x.hpc2n.umu.se") == "hpc2n"
    assert name(environ, HPC2N, host="x.uppmax.uu.se") == "alliance"
    del environ["CC_CLUSTER"]
    assert name(environ, HPC2N, host="x.uppmax.uu.se") == "uppmax"


def test_a_cluster_that_has_a_table_of_its_own_name() -> None:
    assert name({"SNIC_RESOURCE": "snowy"}, known=("snowy",)) == "snowy"


def test_two_matches_are_an_error_that_names_both() -> None:
    with pytest.raises(
        ConfigError,
        match=r"hpc2n \(SNIC_RESOURCE=kebnekaise\) and other .*--site or AUTOENV_HPC_SITE",
    ):
        name({"SNIC_RESOURCE": "kebnekaise"}, BOTH)
    assert name({"SNIC_RESOURCE": "kebnekaise"}, BOTH, option="other") == "other"


@pytest.mark.parametrize("way", ["option", "variable"])
def test_an_unknown_site_is_an_error_with_a_near_name(way: str) -> None:
    with pytest.raises(ConfigError, match=r"unknown site uppmx \(did you mean uppmax"):
        name(
            {"AUTOENV_HPC_SITE": "uppmx"} if way == "variable" else {},
            option="uppmx" if way == "option" else None,
        )


def test_what_was_consulted_is_a_guard() -> None:
    environ = {"SNIC_RESOURCE": "kebnekaise"}
    site = detect(environ, HPC2N, None, lambda: "x", node="n1")
    assert site.reason == "SNIC_RESOURCE=kebnekaise"
    assert site.guards == Guards(variables={"AUTOENV_HPC_SITE": None, **environ})
    assert detect({}, HPC2N, None, lambda: "x", node="n1").guards.host == "n1"
