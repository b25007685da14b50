test "$__autoenv_hpc_protocol" = 2; or return 1 # autoenv-hpc activation, protocol 2, fish, variant 7370656369616c2d76617269
test '/cache/stamps/1700000000123456789' -nt '/project/.hpcenv.toml' -o '/project/.hpcenv.toml' -nt '/cache/stamps/1700000000123456789'; and return 1
if test $argv[1] = enter
test "$__autoenv_hpc_choice" = ''; or return 1
test "$__autoenv_hpc_command" = ''; or return 1
set -qx MANPATH FPATH MODULE_PATH FIGNORE WATCH; test $status -eq 5; or return 1
set -qx CDPATH MAILPATH PSVAR; or return 1
test "$CDPATH"\x01"$MAILPATH"\x01"$PSVAR" = '.'\x01'/var/mail/me'\x01'a'; or return 1
__autoenv_hpc_shadow 'CDPATH' 'MAILPATH' 'PSVAR'
set -gx MANPATH '/opt/man' ''
set -gx FPATH '/opt/functions'
set -gx MODULE_PATH '/opt/zsh'
set -gx MAILPATH '/var/mail/us'
set -gx FIGNORE '.o'
set -gx PSVAR 'b:a'
set -gx WATCH 'all'
set -e CDPATH
end
function __autoenv_hpc_leave_active
set -qx CDPATH; test $status -eq 1; or return 1
set -qx MANPATH FPATH MODULE_PATH MAILPATH FIGNORE PSVAR WATCH; or return 1
test "$MANPATH"\x01"$FPATH"\x01"$MODULE_PATH"\x01"$MAILPATH"\x01"$FIGNORE"\x01"$PSVAR"\x01"$WATCH" = '/opt/man:'\x01'/opt/functions'\x01'/opt/zsh'\x01'/var/mail/us'\x01'.o'\x01'b:a'\x01'all'; or return 1
if test "$argv[1]" = check
return 0
end
set -gx CDPATH '.'
set -gx MAILPATH '/var/mail/me'
set -gx PSVAR 'a'
set -e MANPATH FPATH MODULE_PATH FIGNORE WATCH
return 0
end
if test $argv[1] = adopt; and not __autoenv_hpc_leave_active check; return 1; end
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch '\'/cache/stamps/1700000000123456789\' -nt \'/project/.hpcenv.toml\' -o \'/project/.hpcenv.toml\' -nt \'/cache/stamps/1700000000123456789\''
test $argv[1] = adopt; or __autoenv_hpc_say 'entered course'
return 0
# autoenv-hpc: the end
