if __autoenv_hpc_may_set 'NEW' 'CHANGED' 'EMPTIED' 'FILLED' 'NEW_AND_EMPTY' 'REMOVED' 'EMPTY_AND_REMOVED'; then
\builtin export NEW='1' CHANGED='new' EMPTIED='' FILLED='new' NEW_AND_EMPTY=''
\builtin unset -v REMOVED EMPTY_AND_REMOVED
__autoenv_hpc_end
fi
