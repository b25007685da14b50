[[ ${__autoenv_hpc_protocol-} == 2 ]] || return 1 # autoenv-hpc activation, protocol 2, bash, variant 7370656369616c2d76617269
__autoenv_hpc_stamps='/cache/stamps'
[[ ( $__autoenv_hpc_stamps/1700000000123456789 -nt '/project/.hpcenv.toml' || '/project/.hpcenv.toml' -nt $__autoenv_hpc_stamps/1700000000123456789 ) ]] && return 1
case $1 in check) [[ ${__autoenv_hpc_choice-} == any || ${__autoenv_hpc_choice-} == '' ]] || return 1 ;; adopt) ;;
*) [[ ${__autoenv_hpc_choice-} == '' && ${__autoenv_hpc_command-} == '' ]] || return 1 ;; esac
case $1 in enter | exec | noted)
[[ -z ${MANPATH[*]+x}${FPATH[*]+x}${MODULE_PATH[*]+x}${FIGNORE[*]+x}${WATCH[*]+x} && ${CDPATH-} == '.' && ${MAILPATH-} == '/var/mail/me' && ${PSVAR-} == 'a' && ${CDPATH@a}${MAILPATH@a}${PSVAR@a} == xxx ]] || return 1
\builtin export MANPATH='/opt/man:' FPATH='/opt/functions' MODULE_PATH='/opt/zsh' MAILPATH='/var/mail/us' FIGNORE='.o' PSVAR='b:a' WATCH='all'
\builtin unset -v CDPATH
case $1 in exec | noted) __autoenv_hpc_entered=1; return 0 ;; esac
;; esac
__autoenv_hpc_leave_active() {
[[ -z ${CDPATH[*]+x} && ${MANPATH-} == '/opt/man:' && ${FPATH-} == '/opt/functions' && ${MODULE_PATH-} == '/opt/zsh' && ${MAILPATH-} == '/var/mail/us' && ${FIGNORE-} == '.o' && ${PSVAR-} == 'b:a' && ${WATCH-} == 'all' && ${MANPATH@a}${FPATH@a}${MODULE_PATH@a}${MAILPATH@a}${FIGNORE@a}${PSVAR@a}${WATCH@a} == xxxxxxx ]] || return 1
if [[ ${1-} == check ]]; then
return 0
fi
\builtin export CDPATH='.' MAILPATH='/var/mail/me' PSVAR='a'
\builtin unset -v MANPATH FPATH MODULE_PATH FIGNORE WATCH
return 0
}
case $1 in adopt) __autoenv_hpc_leave_active check || return 1 ;;
check) __autoenv_hpc_leave_active check; return ;; esac
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch ''\''/cache/stamps/1700000000123456789'\'' -nt '\''/project/.hpcenv.toml'\'' || '\''/project/.hpcenv.toml'\'' -nt '\''/cache/stamps/1700000000123456789'\'''
[[ $1 == adopt ]] || __autoenv_hpc_say 'entered course'
# autoenv-hpc: the end
