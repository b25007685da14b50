"""The package of autoenv-hpc for Spack 1.0 and later."""

from spack_repo.builtin.build_systems.python import PythonPackage

from spack.package import *


class AutoenvHpc(PythonPackage):
    """Environment modules and an isolated environment that follow `cd`, in the login shell
    and in the batch job."""

    homepage = "https://ADDRESS/autoenv-hpc"  # the address of this repository
    git = "https://ADDRESS/autoenv-hpc.git"

    license("MIT", checked_by="autoenv-hpc")

    version("main", branch="main")

    depends_on("python@3.11:", type=("build", "run"))
    depends_on("py-hatchling@1.26:", type="build")
    depends_on("py-argparse-manpage@4.5:", type="build")
    depends_on("py-shtab@1.8:", type=("build", "run"))
    depends_on("py-archspec@0.2.4:", type=("build", "run"))
    depends_on("py-filelock@3.30:", type=("build", "run"))
    depends_on("py-platformdirs@4:", type=("build", "run"))
    depends_on("py-psutil@5.9:", type=("build", "run"))
    depends_on("py-rich@13:", type=("build", "run"))
    depends_on("py-tomlkit@0.13:", type=("build", "run"))

    @run_after("install")
    @on_package_attributes(run_tests=True)
    def check_command(self):
        Executable(self.prefix.bin.join("autoenv-hpc"))("--version")
