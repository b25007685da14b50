if __autoenv_hpc_may_set 'A'; then
\builtin unset -v A
__autoenv_hpc_end 'drop-deactivate' '(100 %%) ' '(it'\''s ?x?) '
fi
