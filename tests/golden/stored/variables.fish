test "$__autoenv_hpc_protocol" = 2; or return 1 # autoenv-hpc activation, protocol 2, fish, variant 7661726961626c6573
test '/cache/stamps/1700000000123456789' -nt '/project/.hpcenv.toml' -o '/project/.hpcenv.toml' -nt '/cache/stamps/1700000000123456789'; and return 1
if test $argv[1] = enter
test "$__autoenv_hpc_choice" = ''; or return 1
test "$__autoenv_hpc_command" = ''; or return 1
set -qx NEW NEW_AND_EMPTY; test $status -eq 2; or return 1
set -qx CHANGED REMOVED EMPTIED FILLED EMPTY_AND_REMOVED; or return 1
test "$CHANGED"\x01"$REMOVED"\x01"$EMPTIED"\x01"$FILLED"\x01"$EMPTY_AND_REMOVED" = 'old'\x01'old'\x01'old'\x01''\x01''; or return 1
__autoenv_hpc_shadow 'CHANGED' 'REMOVED' 'EMPTIED' 'FILLED' 'EMPTY_AND_REMOVED'
set -gx NEW '1'
set -gx CHANGED 'new'
set -gx EMPTIED ''
set -gx FILLED 'new'
set -gx NEW_AND_EMPTY ''
set -e REMOVED EMPTY_AND_REMOVED
end
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
if test $argv[1] = adopt; and not __autoenv_hpc_leave_active check; return 1; end
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch '\'/cache/stamps/1700000000123456789\' -nt \'/project/.hpcenv.toml\' -o \'/project/.hpcenv.toml\' -nt \'/cache/stamps/1700000000123456789\''
test $argv[1] = adopt; or __autoenv_hpc_say 'entered course'
return 0
# autoenv-hpc: the end
