if __autoenv_hpc_may_set 'MANPATH' 'FPATH' 'MODULE_PATH' 'MAILPATH' 'FIGNORE' 'PSVAR' 'WATCH' 'CDPATH'; then
__autoenv_hpc_shelve 'MANPATH' 'FPATH' 'MODULE_PATH' 'FIGNORE' 'WATCH'
\builtin export MANPATH='/opt/man:' FPATH='/opt/functions' MODULE_PATH='/opt/zsh' MAILPATH='/var/mail/us' FIGNORE='.o' PSVAR='b:a' WATCH='all'
__autoenv_hpc_unset 'CDPATH'
__autoenv_hpc_leave_active() {
[[ ${(t)CDPATH} != *export* && ${MANPATH-} == '/opt/man:' && ${FPATH-} == '/opt/functions' && ${MODULE_PATH-} == '/opt/zsh' && ${MAILPATH-} == '/var/mail/us' && ${FIGNORE-} == '.o' && ${PSVAR-} == 'b:a' && ${WATCH-} == 'all' && ${(t)MANPATH} == *export* && ${(t)FPATH} == *export* && ${(t)MODULE_PATH} == *export* && ${(t)MAILPATH} == *export* && ${(t)FIGNORE} == *export* && ${(t)PSVAR} == *export* && ${(t)WATCH} == *export* ]] || return 1
[[ ${1-} != check ]] || return 0
\builtin export CDPATH='.' MAILPATH='/var/mail/me' PSVAR='a'
__autoenv_hpc_unset 'MANPATH' 'FPATH' 'MODULE_PATH' 'FIGNORE' 'WATCH'
return 0
}
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_say 'entered course'
fi
