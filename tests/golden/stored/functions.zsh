[[ ${__autoenv_hpc_protocol-} == 2 ]] || return 1 # autoenv-hpc activation, protocol 2, zsh, variant 66756e6374696f6e73
__autoenv_hpc_stamps='/cache/stamps'
[[ ( ! -e $__autoenv_hpc_stamps/1700000000123456789 || ! -e '/project/.hpcenv.toml' || $__autoenv_hpc_stamps/1700000000123456789 -nt '/project/.hpcenv.toml' || '/project/.hpcenv.toml' -nt $__autoenv_hpc_stamps/1700000000123456789 ) ]] && return 1
case $1 in check) [[ ${__autoenv_hpc_choice-} == any || ${__autoenv_hpc_choice-} == '' ]] || return 1 ;; adopt) ;;
*) [[ ${__autoenv_hpc_choice-} == '' && ${__autoenv_hpc_command-} == '' ]] || return 1 ;; esac
case $1 in enter | exec | noted)
case $1 in exec | noted) __autoenv_hpc_entered=1; return 0 ;; esac
;; esac
__autoenv_hpc_leave_active() {
if [[ ${1-} == check ]]; then
return 0
fi
return 0
}
case $1 in adopt) __autoenv_hpc_leave_active check || return 1 ;;
check) __autoenv_hpc_leave_active check; return ;; esac
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_function 'greet' 'greet () 
{ 
    echo "it'\''s $1"
}'
__autoenv_hpc_function 'gone'
__autoenv_hpc_watch '! -e '\''/cache/stamps/1700000000123456789'\'' || ! -e '\''/project/.hpcenv.toml'\'' || '\''/cache/stamps/1700000000123456789'\'' -nt '\''/project/.hpcenv.toml'\'' || '\''/project/.hpcenv.toml'\'' -nt '\''/cache/stamps/1700000000123456789'\'''
[[ $1 == adopt ]] || __autoenv_hpc_say 'entered course'
# autoenv-hpc: the end
