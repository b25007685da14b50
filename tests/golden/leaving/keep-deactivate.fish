set -e A
__autoenv_hpc_end 'keep-deactivate'
