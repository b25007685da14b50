set -e A
__autoenv_hpc_end 'drop-deactivate' '(100 %) ' '(it\'s `x`) '
