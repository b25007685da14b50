if __autoenv_hpc_may_set; then
__autoenv_hpc_shelve 'NEW' 'NEW_AND_EMPTY'
__autoenv_hpc_leave_active() {
[[ -z ${REMOVED[*]+x}${EMPTY_AND_REMOVED[*]+x} && ${NEW-} == '1' && ${CHANGED-} == 'new' && ${EMPTIED+x}${EMPTIED-} == x && ${FILLED-} == 'new' && ${NEW_AND_EMPTY+x}${NEW_AND_EMPTY-} == x && ${NEW@a}${CHANGED@a}${EMPTIED@a}${FILLED@a}${NEW_AND_EMPTY@a} == xxxxx ]] || return 1
if [[ ${1-} == check ]]; then
return 0
fi
\builtin export CHANGED='old' REMOVED='old' EMPTIED='old' FILLED='' EMPTY_AND_REMOVED=''
\builtin unset -v NEW NEW_AND_EMPTY
return 0
}
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_say 'entered course'
fi
