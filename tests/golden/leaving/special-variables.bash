if __autoenv_hpc_may_set 'MANPATH' 'FPATH' 'MODULE_PATH' 'MAILPATH' 'FIGNORE' 'PSVAR' 'WATCH' 'CDPATH'; then
\builtin export MANPATH='/opt/man:' FPATH='/opt/functions' MODULE_PATH='/opt/zsh' MAILPATH='/var/mail/us' FIGNORE='.o' PSVAR='b:a' WATCH='all'
\builtin unset -v CDPATH
__autoenv_hpc_end
fi
