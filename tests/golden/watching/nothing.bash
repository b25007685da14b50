__autoenv_hpc_watch ''\''/cache/stamps/1700000000123456789'\'' -nt '\''/project/.hpcenv.toml'\'' || '\''/project/.hpcenv.toml'\'' -nt '\''/cache/stamps/1700000000123456789'\'''
