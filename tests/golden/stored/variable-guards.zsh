[[ ${__autoenv_hpc_protocol-} == 2 ]] || return 1 # autoenv-hpc activation, protocol 2, zsh, variant 7661726961626c652d677561
__autoenv_hpc_stamps='/cache/stamps'
[[ ( ! -e $__autoenv_hpc_stamps/1700000000123456789 || ! -e '/project/.hpcenv.toml' || $__autoenv_hpc_stamps/1700000000123456789 -nt '/project/.hpcenv.toml' || '/project/.hpcenv.toml' -nt $__autoenv_hpc_stamps/1700000000123456789 ) ]] && return 1
[[ -z ${UNSET+x} && ${(t)MANPATH} != *export* && ${EMPTY+x}${EMPTY-} == x && ${PLAIN-} == 'value' && ${HOSTILE-} == 'it'\''s "a" test; && $(touch x) `x` \ *e- èрт🚒♞中片' && ${NOT_UTF8-} == 'caf� ��\x41'\''' && ${FPATH-} == '/usr/share/zsh' && ${(t)EMPTY} == scalar(|-tied)-export* && ${(t)PLAIN} == scalar(|-tied)-export* && ${(t)HOSTILE} == scalar(|-tied)-export* && ${(t)NOT_UTF8} == scalar(|-tied)-export* && ${(t)FPATH} == scalar(|-tied)-export* ]] || return 1
case $1 in check) [[ ${__autoenv_hpc_choice-} == any || ${__autoenv_hpc_choice-} == '' ]] || return 1 ;; adopt) ;;
*) [[ ${__autoenv_hpc_choice-} == '' && ${__autoenv_hpc_command-} == '' ]] || return 1 ;; esac
case $1 in enter | exec | noted)
[[ -z ${A+x} && ${CHANGED-} == 'old' && ${(t)CHANGED} == scalar(|-tied)-export* ]] || return 1
\builtin export A='1' CHANGED='new'
case $1 in exec | noted) __autoenv_hpc_entered=1; return 0 ;; esac
;; esac
__autoenv_hpc_leave_active() {
[[ ${A-} == '1' && ${CHANGED-} == 'new' && ${(t)A} == scalar(|-tied)-export* && ${(t)CHANGED} == scalar(|-tied)-export* ]] || return 1
if [[ ${1-} == check ]]; then
return 0
fi
\builtin export CHANGED='old'
\builtin unset -v A
return 0
}
case $1 in adopt) __autoenv_hpc_leave_active check || return 1 ;;
check) __autoenv_hpc_leave_active check; return ;; esac
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch '! -e '\''/cache/stamps/1700000000123456789'\'' || ! -e '\''/project/.hpcenv.toml'\'' || '\''/cache/stamps/1700000000123456789'\'' -nt '\''/project/.hpcenv.toml'\'' || '\''/project/.hpcenv.toml'\'' -nt '\''/cache/stamps/1700000000123456789'\'''
[[ $1 == adopt ]] || __autoenv_hpc_say 'entered course'
# autoenv-hpc: the end
