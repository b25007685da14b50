test "$__autoenv_hpc_protocol" = 2; or return 1 # autoenv-hpc activation, protocol 2, fish, variant 7661726961626c652d677561
test '/cache/stamps/1700000000123456789' -nt '/project/.hpcenv.toml' -o '/project/.hpcenv.toml' -nt '/cache/stamps/1700000000123456789'; and return 1
set -qx UNSET MANPATH; test $status -eq 2; or return 1
set -qx EMPTY PLAIN HOSTILE NOT_UTF8 FPATH; or return 1
test "$EMPTY"\x01"$PLAIN"\x01"$HOSTILE"\x01"$NOT_UTF8"\x01"$FPATH" = ''\x01'value'\x01'it\'s "a" test; && $(touch x) `x` \\ *e- èрт🚒♞中片'\x01'caf'\Xe9' '\Xff\Xfe'\\x41\''\x01'/usr/share/zsh'; or return 1
if test $argv[1] = enter
test "$__autoenv_hpc_choice" = ''; or return 1
test "$__autoenv_hpc_command" = ''; or return 1
set -qx A; test $status -eq 1; or return 1
set -qx CHANGED; or return 1
test "$CHANGED" = 'old'; or return 1
__autoenv_hpc_shadow 'CHANGED'
set -gx A '1'
set -gx CHANGED 'new'
end
function __autoenv_hpc_leave_active
set -qx A CHANGED; or return 1
test "$A"\x01"$CHANGED" = '1'\x01'new'; or return 1
if test "$argv[1]" = check
return 0
end
set -gx CHANGED 'old'
set -e A
return 0
end
if test $argv[1] = adopt; and not __autoenv_hpc_leave_active check; return 1; end
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch '\'/cache/stamps/1700000000123456789\' -nt \'/project/.hpcenv.toml\' -o \'/project/.hpcenv.toml\' -nt \'/cache/stamps/1700000000123456789\''
test $argv[1] = adopt; or __autoenv_hpc_say 'entered course'
return 0
# autoenv-hpc: the end
