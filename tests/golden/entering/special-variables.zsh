if __autoenv_hpc_may_set 'MANPATH' 'FPATH' 'MODULE_PATH' 'MAILPATH' 'FIGNORE' 'PSVAR' 'WATCH' 'CDPATH'; then
__autoenv_hpc_shelve 'MANPATH' 'FPATH' 'MODULE_PATH' 'FIGNORE' 'WATCH'
\builtin export MANPATH='/opt/man:' FPATH='/opt/functions' MODULE_PATH='/opt/zsh' MAILPATH='/var/mail/us' FIGNORE='.o' PSVAR='b:a' WATCH='all'
__autoenv_hpc_unset 'CDPATH'
__autoenv_hpc_leave_active() {
[[ ${(t)CDPATH} != *export* && ${MANPATH-} == '/opt/man:' && ${FPATH-} == '/opt/functions' && ${MODULE_PATH-} == '/opt/zsh' && ${MAILPATH-} == '/var/mail/us' && ${FIGNORE-} == '.o' && ${PSVAR-} == 'b:a' && ${WATCH-} == 'all' && ${(t)MANPATH} == scalar(|-tied)-export* && ${(t)FPATH} == scalar(|-tied)-export* && ${(t)MODULE_PATH} == scalar(|-tied)-export* && ${(t)MAILPATH} == scalar(|-tied)-export* && ${(t)FIGNORE} == scalar(|-tied)-export* && ${(t)PSVAR} == scalar(|-tied)-export* && ${(t)WATCH} == scalar(|-tied)-export* ]] || return 1
if [[ ${1-} == check ]]; then
return 0
fi
\builtin export CDPATH='.' MAILPATH='/var/mail/me' PSVAR='a'
__autoenv_hpc_unset 'MANPATH' 'FPATH' 'MODULE_PATH' 'FIGNORE' 'WATCH'
return 0
}
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_say 'entered course'
fi
