if __autoenv_hpc_may_set '_OLD_VIRTUAL_PATH'; then
_OLD_VIRTUAL_PATH='/bin'
__autoenv_hpc_end 'keep-deactivate'
fi
