if __autoenv_hpc_may_set; then
:
fi
