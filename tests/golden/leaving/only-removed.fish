set -e A MANPATH
__autoenv_hpc_end
