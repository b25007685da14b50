__autoenv_hpc_shelve 'NEW' 'NEW_AND_EMPTY'
__autoenv_hpc_shadow 'CHANGED' 'REMOVED' 'EMPTIED' 'FILLED' 'EMPTY_AND_REMOVED'
function __autoenv_hpc_leave_active
set -qx REMOVED EMPTY_AND_REMOVED; test $status -eq 2; or return 1
set -qx NEW CHANGED EMPTIED FILLED NEW_AND_EMPTY; or return 1
test "$NEW"\x01"$CHANGED"\x01"$EMPTIED"\x01"$FILLED"\x01"$NEW_AND_EMPTY" = '1'\x01'new'\x01''\x01'new'\x01''; or return 1
if test "$argv[1]" = check
return 0
end
set -gx CHANGED 'old'
set -gx REMOVED 'old'
set -gx EMPTIED 'old'
set -gx FILLED ''
set -gx EMPTY_AND_REMOVED ''
set -e NEW NEW_AND_EMPTY
return 0
end
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_say 'entered course'
