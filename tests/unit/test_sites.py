"""Which site: recorded environments of real login shells and jobs, in the order of the rules."""

import pytest

from autoenv_hpc.errors import ConfigError
from autoenv_hpc.project.known_sites import IDENTITIES
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
        ({}, "lumi-uan01.csc.fi", "lumi"),
        ({}, "puhti-login2.csc.fi", "csc"),
        ({"TACC_SYSTEM": "ls6"}, "c1", "tacc"),
        ({"CC_CLUSTER": "tamia"}, "c1", "alliance"),
        ({"CC_CLUSTER": "computecanada"}, "c1", None),
        ({"NAISS_RESOURCE": "arrhenius"}, "n1", "naiss"),
        ({"SLURM_CLUSTER_NAME": "aurora"}, "x1", None),
        ({"SLURM_CLUSTER_NAME": "aurora"}, "aurora-uan-0001.alcf.anl.gov", "alcf"),
        ({"SLURM_CLUSTER_NAME": "aurora"}, "aurora1.lunarc.lu.se", "lunarc"),
        ({"SNIC_RESOURCE": "aurora"}, "x1", "lunarc"),
        ({"LMOD_SYSTEM_NAME": "aurora"}, "n1.hpc2n.umu.se", "hpc2n"),
        ({"CLUSTER": "sigma"}, "x1", None),
        ({"SNIC_RESOURCE": "sigma"}, "x1", "nsc"),
        ({"CLUSTER_NAME": "vista"}, "x1", None),
        ({"TACC_SYSTEM": "vista"}, "x1", "tacc"),
        ({"CC_CLUSTER": "kebnekaise"}, "x1", None),
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


@pytest.mark.parametrize(
    ("environ", "host", "option", "tables"),
    [
        ({"SNIC_RESOURCE": "snowy"}, "r1", None, ("uppmax", "snowy", "uppmax-snowy")),
        ({}, "rackham3.uppmax.uu.se", None, ("uppmax", "rackham", "uppmax-rackham")),
        ({}, "r101.uppmax.uu.se", None, ("uppmax",)),
        ({}, "login1.ls6.tacc.utexas.edu", None, ("tacc", "lonestar6", "tacc-lonestar6")),
        ({}, "puhti-login2.csc.fi", None, ("csc", "puhti", "csc-puhti")),
        ({}, "x", "snowy", ("uppmax", "snowy", "uppmax-snowy")),
        ({}, "x", "alcf-aurora", ("alcf", "aurora", "alcf-aurora")),
        ({"SNIC_RESOURCE": "snowy"}, "x", "uppmax", ("uppmax", "snowy", "uppmax-snowy")),
        ({"SNIC_RESOURCE": "snowy"}, "x", "hpc2n", ("hpc2n",)),
        ({"SLURM_CLUSTER_NAME": "mine"}, "x", None, ("mine",)),
    ],
)
def test_the_tables_of_a_centre_and_its_cluster(
    environ: dict[str, str], host: str, option: str | None, tables: tuple[str, ...]
) -> None:
    assert detect(environ, {}, option, lambda: host, known=("mine",)).tables == tables


def test_a_name_of_several_clusters_asks_which() -> None:
    with pytest.raises(ConfigError, match="several clusters are named aurora"):
        name({}, option="aurora")
    assert name({}, option="aurora", known=("aurora",)) == "aurora"  # a table of the user's


def test_a_cluster_and_its_centre_are_no_contradiction() -> None:
    matches = {**HPC2N, "kebnekaise": Match({"SNIC_RESOURCE": ("keb*",)})}
    site = detect({"SNIC_RESOURCE": "kebnekaise"}, matches, None, lambda: "x")
    assert (site.name, site.cluster) == ("hpc2n", "kebnekaise")


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
    assert site.guards.variables == {
        "AUTOENV_HPC_SITE": None,
        **dict.fromkeys(IDENTITIES),
        **environ,
    }
    assert (site.guards.host, site.guards.domain) == (None, None)
    assert detect({}, HPC2N, None, lambda: "x", node="n1").guards.host == "n1"
    # Without a table or rule, hosts of one domain are alike.
    for node, domain in (("a1.x.uppmax.uu.se", ".x.uppmax.uu.se"), ("n1", "")):
        guards = detect({}, {}, None, lambda node=node: node, node=node).guards  # type: ignore[misc]
        assert (guards.host, guards.domain) == (None, domain)
