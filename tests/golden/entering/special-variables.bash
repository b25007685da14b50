if __autoenv_hpc_may_set 'MANPATH' 'FPATH' 'MODULE_PATH' 'MAILPATH' 'FIGNORE' 'PSVAR' 'WATCH' 'CDPATH'; then
__autoenv_hpc_shelve 'MANPATH' 'FPATH' 'MODULE_PATH' 'FIGNORE' 'WATCH'
\builtin export MANPATH='/opt/man:' FPATH='/opt/functions' MODULE_PATH='/opt/zsh' MAILPATH='/var/mail/us' FIGNORE='.o' PSVAR='b:a' WATCH='all'
\builtin unset -v CDPATH
__autoenv_hpc_leave_active() {
[[ -z ${CDPATH[*]+x} && ${MANPATH-} == '/opt/man:' && ${FPATH-} == '/opt/functions' && ${MODULE_PATH-} == '/opt/zsh' && ${MAILPATH-} == '/var/mail/us' && ${FIGNORE-} == '.o' && ${PSVAR-} == 'b:a' && ${WATCH-} == 'all' && ${MANPATH@a}${FPATH@a}${MODULE_PATH@a}${MAILPATH@a}${FIGNORE@a}${PSVAR@a}${WATCH@a} == xxxxxxx ]] || return 1
if [[ ${1-} == check ]]; then
return 0
fi
\builtin export CDPATH='.' MAILPATH='/var/mail/me' PSVAR='a'
\builtin unset -v MANPATH FPATH MODULE_PATH FIGNORE WATCH
return 0
}
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_say 'entered course'
fi
