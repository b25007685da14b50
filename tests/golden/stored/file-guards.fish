test "$__autoenv_hpc_protocol" = 2; or return 1 # autoenv-hpc activation, protocol 2, fish, variant 66696c652d677561726473
test ! -e '/state/allowed/record' -o -e '/state/denied/record' -o -e '/modules/.version' -o '/cache/stamps/1700000000123456789' -nt '/project/.hpcenv.toml' -o '/project/.hpcenv.toml' -nt '/cache/stamps/1700000000123456789' -o '/cache/stamps/1600000000000000000' -nt '/modules/GCC/10.3.0.lua' -o '/modules/GCC/10.3.0.lua' -nt '/modules/it\'s $(x)/1.0' -o '/modules/it\'s $(x)/1.0' -nt '/modules/Python/3.9.5.lua' -o '/modules/Python/3.9.5.lua' -nt '/cache/stamps/1600000000000000000' -o '/cache/stamps/1500000000000000001' -nt '/modules/caf'\Xe9' '\Xff\Xfe'\\x41\'' -o '/modules/caf'\Xe9' '\Xff\Xfe'\\x41\'' -nt '/cache/stamps/1500000000000000001'; and return 1
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
