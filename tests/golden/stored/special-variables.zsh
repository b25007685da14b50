[[ ${__autoenv_hpc_protocol-} == 2 ]] || return 1 # autoenv-hpc activation, protocol 2, zsh, variant 7370656369616c2d76617269
__autoenv_hpc_stamps='/cache/stamps'
[[ ( ! -e $__autoenv_hpc_stamps/1700000000123456789 || ! -e '/project/.hpcenv.toml' || $__autoenv_hpc_stamps/1700000000123456789 -nt '/project/.hpcenv.toml' || '/project/.hpcenv.toml' -nt $__autoenv_hpc_stamps/1700000000123456789 ) ]] && return 1
case $1 in check) [[ ${__autoenv_hpc_choice-} == any || ${__autoenv_hpc_choice-} == '' ]] || return 1 ;; adopt) ;;
*) [[ ${__autoenv_hpc_choice-} == '' && ${__autoenv_hpc_command-} == '' ]] || return 1 ;; esac
case $1 in enter | exec | noted)
[[ ${(t)MANPATH} != *export* && ${(t)FPATH} != *export* && ${(t)MODULE_PATH} != *export* && ${(t)FIGNORE} != *export* && ${(t)WATCH} != *export* && ${CDPATH-} == '.' && ${MAILPATH-} == '/var/mail/me' && ${PSVAR-} == 'a' && ${(t)CDPATH} == scalar(|-tied)-export* && ${(t)MAILPATH} == scalar(|-tied)-export* && ${(t)PSVAR} == scalar(|-tied)-export* ]] || return 1
[[ $1 == exec ]] || __autoenv_hpc_shelve 'MANPATH' 'FPATH' 'MODULE_PATH' 'FIGNORE' 'WATCH'
\builtin export MANPATH='/opt/man:' FPATH='/opt/functions' MODULE_PATH='/opt/zsh' MAILPATH='/var/mail/us' FIGNORE='.o' PSVAR='b:a' WATCH='all'
__autoenv_hpc_unset 'CDPATH'
case $1 in exec | noted) __autoenv_hpc_entered=1; return 0 ;; esac
;; esac
__autoenv_hpc_leave_active() {
[[ ${(t)CDPATH} != *export* && ${MANPATH-} == '/opt/man:' && ${FPATH-} == '/opt/functions' && ${MODULE_PATH-} == '/opt/zsh' && ${MAILPATH-} == '/var/mail/us' && ${FIGNORE-} == '.o' && ${PSVAR-} == 'b:a' && ${WATCH-} == 'all' && ${(t)MANPATH} == scalar(|-tied)-export* && ${(t)FPATH} == scalar(|-tied)-export* && ${(t)MODULE_PATH} == scalar(|-tied)-export* && ${(t)MAILPATH} == scalar(|-tied)-export* && ${(t)FIGNORE} == scalar(|-tied)-export* && ${(t)PSVAR} == scalar(|-tied)-export* && ${(t)WATCH} == scalar(|-tied)-export* ]] || return 1
if [[ ${1-} == check ]]; then
return 0
fi
\builtin export CDPATH='.' MAILPATH='/var/mail/me' PSVAR='a'
__autoenv_hpc_unset 'MANPATH' 'FPATH' 'MODULE_PATH' 'FIGNORE' 'WATCH'
return 0
}
case $1 in adopt) __autoenv_hpc_leave_active check || return 1 ;;
check) __autoenv_hpc_leave_active check; return ;; esac
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch '! -e '\''/cache/stamps/1700000000123456789'\'' || ! -e '\''/project/.hpcenv.toml'\'' || '\''/cache/stamps/1700000000123456789'\'' -nt '\''/project/.hpcenv.toml'\'' || '\''/project/.hpcenv.toml'\'' -nt '\''/cache/stamps/1700000000123456789'\'''
[[ $1 == adopt ]] || __autoenv_hpc_say 'entered course'
# autoenv-hpc: the end
