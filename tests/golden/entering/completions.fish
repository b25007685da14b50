__autoenv_hpc_shelve
function __autoenv_hpc_leave_active
if test "$argv[1]" = check
return 0
end
return 0
end
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_say 'entered course'
