set -gx MANPATH '/opt/man' ''
set -gx FPATH '/opt/functions'
set -gx MODULE_PATH '/opt/zsh'
set -gx MAILPATH '/var/mail/us'
set -gx FIGNORE '.o'
set -gx PSVAR 'b:a'
set -gx WATCH 'all'
set -e CDPATH
__autoenv_hpc_end
