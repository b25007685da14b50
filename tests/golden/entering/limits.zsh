if __autoenv_hpc_may_set 'A'; then
__autoenv_hpc_shelve 'A'
\builtin export A='1'
__autoenv_hpc_leave_active() {
[[ ${A-} == '1' && ${(t)A} == scalar(|-tied)-export* ]] || return 1
if [[ ${1-} == check ]]; then
return 0
fi
\builtin unset -v A
return 0
}
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_set_limit 's' 'unlimited'
__autoenv_hpc_set_limit 'c' '0'
__autoenv_hpc_say 'entered course'
fi
