test "$__autoenv_hpc_protocol" = 2; or return 1 # autoenv-hpc activation, protocol 2, fish, variant 776174636865642d66696c65
test '/cache/stamps/1700000000123456789' -nt '/project/.hpcenv.toml' -o '/project/.hpcenv.toml' -nt '/cache/stamps/1700000000123456789'; and return 1
if test $argv[1] = enter
test "$__autoenv_hpc_choice" = ''; or return 1
test "$__autoenv_hpc_command" = ''; or return 1
end
function __autoenv_hpc_leave_active
if test "$argv[1]" = check
return 0
end
return 0
end
if test $argv[1] = adopt; and not __autoenv_hpc_leave_active check; return 1; end
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch '-e \'/etc/autoenv-hpc/config.toml\' -o \'/cache/stamps/1700000000123456789\' -nt \'/project/.hpcenv.toml\' -o \'/project/.hpcenv.toml\' -nt \'/project/requirements.txt\' -o \'/project/requirements.txt\' -nt \'/cache/stamps/1700000000123456789\' -o \'/cache/stamps/1500000000000000001\' -nt \'/project/caf\'\\Xe9\' \'\\Xff\\Xfe\'\\\\x41\\\'\' -o \'/project/caf\'\\Xe9\' \'\\Xff\\Xfe\'\\\\x41\\\'\' -nt \'/cache/stamps/1500000000000000001\''
test $argv[1] = adopt; or __autoenv_hpc_say 'entered course'
return 0
# autoenv-hpc: the end
