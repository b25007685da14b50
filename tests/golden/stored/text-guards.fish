test "$__autoenv_hpc_protocol" = 2; or return 1 # autoenv-hpc activation, protocol 2, fish, variant 746578742d677561726473
test '/cache/stamps/1700000000123456789' -nt '/project/.hpcenv.toml' -o '/project/.hpcenv.toml' -nt '/cache/stamps/1700000000123456789'; and return 1
begin
set -l __autoenv_hpc_texts ''
set -l __autoenv_hpc_text ''
read -z __autoenv_hpc_texts
begin; read -z __autoenv_hpc_text; read -lz __autoenv_hpc_rest; and return 1; end <'/project/.hpcenv.toml'
test "$__autoenv_hpc_text" = "$__autoenv_hpc_texts"; or return 1
set -l __autoenv_hpc_text ''
read -z __autoenv_hpc_texts
begin; read -z __autoenv_hpc_text; read -lz __autoenv_hpc_rest; and return 1; end <'/it\'s'
test "$__autoenv_hpc_text" = "$__autoenv_hpc_texts"; or return 1
end 2>/dev/null <'/cache/stamps/0dcbd79136f7dbfd8a52f6b33bb92860.texts'; or return 1
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
