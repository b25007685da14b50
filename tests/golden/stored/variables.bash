[[ ${__autoenv_hpc_protocol-} == 2 ]] || return 1 # autoenv-hpc activation, protocol 2, bash, variant 7661726961626c6573
__autoenv_hpc_stamps='/cache/stamps'
[[ ( $__autoenv_hpc_stamps/1700000000123456789 -nt '/project/.hpcenv.toml' || '/project/.hpcenv.toml' -nt $__autoenv_hpc_stamps/1700000000123456789 ) ]] && return 1
case $1 in check) [[ ${__autoenv_hpc_choice-} == any || ${__autoenv_hpc_choice-} == '' ]] || return 1 ;; adopt) ;;
*) [[ ${__autoenv_hpc_choice-} == '' && ${__autoenv_hpc_command-} == '' ]] || return 1 ;; esac
case $1 in enter | exec | noted)
[[ -z ${NEW[*]+x}${NEW_AND_EMPTY[*]+x} && ${CHANGED-} == 'old' && ${REMOVED-} == 'old' && ${EMPTIED-} == 'old' && ${FILLED+x}${FILLED-} == x && ${EMPTY_AND_REMOVED+x}${EMPTY_AND_REMOVED-} == x && ${CHANGED@a}${REMOVED@a}${EMPTIED@a}${FILLED@a}${EMPTY_AND_REMOVED@a} == xxxxx ]] || return 1
case $1 in exec | noted) return 1 ;; esac
\builtin export NEW='1' CHANGED='new' EMPTIED='' FILLED='new' NEW_AND_EMPTY=''
\builtin unset -v REMOVED EMPTY_AND_REMOVED
case $1 in exec | noted) __autoenv_hpc_entered=1; return 0 ;; esac
;; esac
[[ $1 != check ]] || return 1
__autoenv_hpc_leave_active() {
[[ -z ${REMOVED[*]+x}${EMPTY_AND_REMOVED[*]+x} && ${NEW-} == '1' && ${CHANGED-} == 'new' && ${EMPTIED+x}${EMPTIED-} == x && ${FILLED-} == 'new' && ${NEW_AND_EMPTY+x}${NEW_AND_EMPTY-} == x && ${NEW@a}${CHANGED@a}${EMPTIED@a}${FILLED@a}${NEW_AND_EMPTY@a} == xxxxx ]] || return 1
if [[ ${1-} == check ]]; then
return 0
fi
\builtin export CHANGED='old' REMOVED='old' EMPTIED='old' FILLED='' EMPTY_AND_REMOVED=''
\builtin unset -v NEW NEW_AND_EMPTY
return 0
}
case $1 in adopt) __autoenv_hpc_leave_active check || return 1 ;;
check) __autoenv_hpc_leave_active check; return ;; esac
if [[ $1 == adopt ]]; then
\builtin unset -f 'module'
\builtin eval 'module () {  :
}'
\builtin export -f 'module'
fi
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch ''\''/cache/stamps/1700000000123456789'\'' -nt '\''/project/.hpcenv.toml'\'' || '\''/project/.hpcenv.toml'\'' -nt '\''/cache/stamps/1700000000123456789'\'''
[[ $1 == adopt ]] || __autoenv_hpc_say 'entered course'
# autoenv-hpc: the end
