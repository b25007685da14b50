if __autoenv_hpc_may_set 'A' 'MANPATH'; then
\builtin unset -v A MANPATH
__autoenv_hpc_end
fi
