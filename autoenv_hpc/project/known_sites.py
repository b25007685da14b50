"""The sites that are known without configuration.

A site is a centre, or one of its clusters.
"""

# The clusters of each centre, retired ones too, since homes and configurations outlive them.
CLUSTERS = {
    "aalto": ("triton",),
    "alcf": ("aurora", "polaris"),
    "alliance": (
        "beluga", "cedar", "fir", "graham", "killarney", "narval", "niagara", "nibi", "rorqual",
        "tamia", "trillium", "vulcan",
    ),
    "bsc": ("marenostrum5",),
    "c3se": ("alvis", "vera"),
    "csc": ("mahti", "puhti", "roihu-cpu", "roihu-gpu"),
    "cscs": ("clariden", "daint", "eiger", "santis"),
    "dkrz": ("levante",),
    "hpc2n": ("abisko", "kebnekaise"),
    "jsc": ("juwels", "jupiter", "jureca"),
    "lumi": ("lumi",),
    "lunarc": ("aurora", "cosmos"),
    "mila": ("mila",),
    "naiss": ("arrhenius",),
    "ncar": ("casper", "derecho"),
    "nersc": ("cori", "perlmutter"),
    "nesi": ("mahuika", "maui"),
    "nsc": ("sigma", "tetralith"),
    "olcf": ("andes", "frontier", "summit"),
    "pawsey": ("setonix",),
    "pdc": ("beskow", "dardel", "tegner"),
    "sigma2": ("betzy", "olivia", "saga"),
    "surf": ("snellius",),
    "tacc": ("frontera", "lonestar6", "stampede3", "vista"),
    "uppmax": ("bianca", "miarka", "pelle", "rackham", "snowy"),
    "vsc": ("genius", "mindwell", "wice"),
}  # fmt: skip
# What a centre's own variables call a cluster, if it is not the name above.
ALIASES = {
    "ls6": "lonestar6",
    "mn5": "marenostrum5",
    "jurecadc": "jureca",
    "juwelsbooster": "juwels",
}
# Several centres use these names, so a variable of no centre's own needs the host's name besides.
AMBIGUOUS = frozenset(
    ("andes", "aurora", "cedar", "fir", "genius", "olivia", "polaris", "saga", "sigma",
     "summit", "triton", "vera", "vista", "vulcan")
)  # fmt: skip

_SWEDISH = ("c3se", "hpc2n", "lunarc", "naiss", "nsc", "pdc", "uppmax")
# Variables that centres set in each login shell and job; the value names the cluster.
IDENTITIES: dict[str, tuple[str, ...]] = {  # each with the only centres that set it; none: any
    "CC_CLUSTER": ("alliance",),
    "SNIC_RESOURCE": _SWEDISH,
    "NAISS_RESOURCE": _SWEDISH,
    "NERSC_HOST": ("nersc",),
    "TACC_SYSTEM": ("tacc",),
    "PAWSEY_CLUSTER": ("pawsey",),
    "VSC_INSTITUTE_CLUSTER": ("vsc",),
    "NCAR_HOST": ("ncar",),
    "BSC_MACHINE": ("bsc",),
    "LMOD_SYSTEM_NAME": (),
    "SLURM_CLUSTER_NAME": (),
    "CLUSTER_NAME": (),
    "CLUSTER": (),
}

# Each site's defaults for all its users; every configuration overrides them.
PROFILES: dict[str, dict[str, object]] = {
    # "we strongly recommend you place it in your project storage"; "a virtual environment is the
    # only recommended way"
    "hpc2n": {"storage": {"home": "warn", "conda": "warn"}},
}

# Full names of hosts; the first pattern that matches counts.
DOMAINS = {
    "lumi*.csc.fi": "lumi",
    "*.aalto.fi": "aalto", "*.alcf.anl.gov": "alcf", "*.alliancecan.ca": "alliance",
    "*.bsc.es": "bsc", "*.c3se.chalmers.se": "c3se", "*.computecanada.ca": "alliance",
    "*.csc.fi": "csc", "*.cscs.ch": "cscs", "*.dkrz.de": "dkrz", "*.fz-juelich.de": "jsc",
    "*.hpc2n.umu.se": "hpc2n", "*.hpc.ucar.edu": "ncar", "*.lunarc.lu.se": "lunarc",
    "*.nersc.gov": "nersc", "*.nesi.org.nz": "nesi", "*.nsc.liu.se": "nsc",
    "*.olcf.ornl.gov": "olcf", "*.pawsey.org.au": "pawsey", "*.pdc.kth.se": "pdc",
    "*.sigma2.no": "sigma2", "*.surf.nl": "surf", "*.tacc.utexas.edu": "tacc",
    "*.uppmax.uu.se": "uppmax",
}  # fmt: skip
