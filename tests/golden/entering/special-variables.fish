__autoenv_hpc_shelve 'MANPATH' 'FPATH' 'MODULE_PATH' 'FIGNORE' 'WATCH'
__autoenv_hpc_shadow 'CDPATH' 'MAILPATH' 'PSVAR'
set -gx MANPATH '/opt/man' ''
set -gx FPATH '/opt/functions'
set -gx MODULE_PATH '/opt/zsh'
set -gx MAILPATH '/var/mail/us'
set -gx FIGNORE '.o'
set -gx PSVAR 'b:a'
set -gx WATCH 'all'
set -e CDPATH
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
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_say 'entered course'
