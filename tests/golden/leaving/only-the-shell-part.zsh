if __autoenv_hpc_may_set; then
__autoenv_hpc_end
fi
