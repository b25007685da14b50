__autoenv_hpc_shelve 'A'
set -gx A '1'
function __autoenv_hpc_leave_active
set -qx A; or return 1
test "$A" = '1'; or return 1
if test "$argv[1]" = check
return 0
end
set -e A
return 0
end
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_set_limit 's' 'unlimited'
__autoenv_hpc_set_limit 'c' '0'
__autoenv_hpc_say 'entered course'
