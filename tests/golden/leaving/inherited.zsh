if __autoenv_hpc_may_set 'A'; then
\builtin unset -v A
fi
