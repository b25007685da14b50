__autoenv_hpc_watch ''
