"""The sites that are known without configuration."""

# The sites set these in each login shell and job; the value names the cluster.
IDENTITIES = (
    "CC_CLUSTER", "SNIC_RESOURCE", "NAISS_RESOURCE", "NERSC_HOST", "TACC_SYSTEM", "PAWSEY_CLUSTER",
    "VSC_INSTITUTE_CLUSTER", "LMOD_SYSTEM_NAME", "SLURM_CLUSTER_NAME", "CLUSTER_NAME", "CLUSTER",
)  # fmt: skip

# Each cluster, with the site whose modules and file systems it shares.
CENTRES = {
    "kebnekaise": "hpc2n", "abisko": "hpc2n",
    "rackham": "uppmax", "snowy": "uppmax", "bianca": "uppmax", "pelle": "uppmax",
    "miarka": "uppmax",
    "tetralith": "nsc", "sigma": "nsc", "arrhenius": "nsc",
    "dardel": "pdc", "tegner": "pdc", "beskow": "pdc",
    "alvis": "c3se", "vera": "c3se",
    "cosmos": "lunarc", "aurora": "lunarc",
    "perlmutter": "nersc", "cori": "nersc",
    "frontera": "tacc", "stampede3": "tacc", "lonestar6": "tacc", "vista": "tacc",
    "setonix": "pawsey",
    "fir": "alliance", "narval": "alliance", "rorqual": "alliance", "nibi": "alliance",
    "trillium": "alliance", "cedar": "alliance", "graham": "alliance", "beluga": "alliance",
    "niagara": "alliance",
    "lumi": "lumi", "snellius": "surf", "levante": "dkrz", "puhti": "csc", "mahti": "csc",
    "roihu": "csc",
    "daint": "cscs", "eiger": "cscs", "santis": "cscs", "clariden": "cscs",
    "frontier": "olcf", "summit": "olcf", "andes": "olcf", "polaris": "alcf",
    "mahuika": "nesi", "maui": "nesi",
}  # fmt: skip

# Each site's defaults for all its users; every configuration overrides them.
PROFILES: dict[str, dict[str, object]] = {
    # "we strongly recommend you place it in your project storage"; "a virtual environment is the
    # only recommended way"
    "hpc2n": {"storage": {"home": "warn", "conda": "warn"}},
}

DOMAINS = {
    "*.hpc2n.umu.se": "hpc2n", "*.uppmax.uu.se": "uppmax", "*.nsc.liu.se": "nsc",
    "*.pdc.kth.se": "pdc", "*.c3se.chalmers.se": "c3se", "*.lunarc.lu.se": "lunarc",
    "*.nersc.gov": "nersc", "*.tacc.utexas.edu": "tacc", "*.pawsey.org.au": "pawsey",
    "*.computecanada.ca": "alliance", "*.alliancecan.ca": "alliance", "*.csc.fi": "csc",
    "*.cscs.ch": "cscs", "*.olcf.ornl.gov": "olcf", "*.alcf.anl.gov": "alcf",
    "*.surf.nl": "surf", "*.dkrz.de": "dkrz", "*.nesi.org.nz": "nesi",
}  # fmt: skip
