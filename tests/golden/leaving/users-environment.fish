set -gx _OLD_VIRTUAL_PATH '/bin'
__autoenv_hpc_end 'keep-deactivate'
