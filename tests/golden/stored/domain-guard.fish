test "$__autoenv_hpc_protocol" = 2; or return 1 # autoenv-hpc activation, protocol 2, fish, variant 646f6d61696e2d6775617264
test '/cache/stamps/1700000000123456789' -nt '/project/.hpcenv.toml' -o '/project/.hpcenv.toml' -nt '/cache/stamps/1700000000123456789'; and return 1
set -l __autoenv_hpc_host
read __autoenv_hpc_host </proc/sys/kernel/hostname
string match -qr -- '^[^.]*\\.it\'s\\.example\\.org\\z' "$__autoenv_hpc_host"; or return 1
if test $argv[1] = enter
test "$__autoenv_hpc_choice" = ''; or return 1
test "$__autoenv_hpc_command" = ''; or return 1
set -qx A; test $status -eq 1; or return 1
set -gx A '1'
end
function __autoenv_hpc_leave_active
set -qx A; or return 1
test "$A" = '1'; or return 1
if test "$argv[1]" = check
return 0
end
set -e A
return 0
end
if test $argv[1] = adopt; and not __autoenv_hpc_leave_active check; return 1; end
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch '\'/cache/stamps/1700000000123456789\' -nt \'/project/.hpcenv.toml\' -o \'/project/.hpcenv.toml\' -nt \'/cache/stamps/1700000000123456789\''
test $argv[1] = adopt; or __autoenv_hpc_say 'entered course'
return 0
# autoenv-hpc: the end
