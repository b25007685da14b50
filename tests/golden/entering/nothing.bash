if __autoenv_hpc_may_set; then
__autoenv_hpc_shelve
__autoenv_hpc_leave_active() {
if [[ ${1-} == check ]]; then
return 0
fi
return 0
}
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_say 'entered course'
fi
