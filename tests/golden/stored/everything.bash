[[ ${__autoenv_hpc_protocol-} == 2 ]] || return 1 # autoenv-hpc activation, protocol 2, bash, variant 65766572797468696e67
__autoenv_hpc_stamps='/cache/stamps'
[[ ( ! -e '/state/allowed/record' || -e '/state/denied/record' || $__autoenv_hpc_stamps/1700000000123456789 -nt '/project/.hpcenv.toml' || '/project/.hpcenv.toml' -nt $__autoenv_hpc_stamps/1700000000123456789 || $__autoenv_hpc_stamps/1700000000500000000 -nt '/project/.venv/pyvenv.cfg' || '/project/.venv/pyvenv.cfg' -nt $__autoenv_hpc_stamps/1700000000500000000 ) ]] && return 1
\builtin read -r __autoenv_hpc_host </proc/sys/kernel/hostname
[[ $__autoenv_hpc_host == 'node1' ]] || return 1
case $BASH_VERSINFO${EPOCHSECONDS+x} in [5-9]x) __autoenv_hpc_now=$EPOCHSECONDS ;; *) \builtin printf -v __autoenv_hpc_now '%(%s)T' -1 ;; esac
(( 1795514965 < __autoenv_hpc_now && __autoenv_hpc_now < 1795522165 )) || return 1
[[ -z ${LMOD_SYSTEM_NAME[*]+x} && ${MODULEPATH-} == '/modules' && ${MODULEPATH@a} == x ]] || return 1
case $1 in check) [[ ${__autoenv_hpc_choice-} == any || ${__autoenv_hpc_choice-} == '' ]] || return 1 ;; adopt) ;;
*) [[ ${__autoenv_hpc_choice-} == '' && ${__autoenv_hpc_command-} == '' ]] || return 1 ;; esac
case $1 in enter | exec | noted)
[[ -z ${NEW[*]+x}${NEW_AND_EMPTY[*]+x}${LD_LIBRARY_PATH[*]+x}${_LMFILES_[*]+x}${AUTOENV_HPC_ROOT[*]+x}${AUTOENV_HPC_STATE[*]+x}${MANPATH[*]+x} && ${CHANGED-} == 'old' && ${REMOVED-} == 'old' && ${EMPTIED-} == 'old' && ${FILLED+x}${FILLED-} == x && ${EMPTY_AND_REMOVED+x}${EMPTY_AND_REMOVED-} == x && ${PATH-} == '/usr/bin:/bin' && ${PYTHONPATH-} == '/home/me/lib' && ${PKG_CONFIG_PATH+x}${PKG_CONFIG_PATH-} == x && ${INFOPATH-} == '/usr/share/info:' && ${XDG_DATA_DIRS-} == '/usr/share' && ${VIRTUAL_ENV-} == '/home/me/outer' && ${CHANGED@a}${REMOVED@a}${EMPTIED@a}${FILLED@a}${EMPTY_AND_REMOVED@a}${PATH@a}${PYTHONPATH@a}${PKG_CONFIG_PATH@a}${INFOPATH@a}${XDG_DATA_DIRS@a}${VIRTUAL_ENV@a} == xxxxxxxxxxx ]] || return 1
case $1 in exec | noted) return 1 ;; esac
\builtin export NEW='1' CHANGED='new' EMPTIED='' FILLED='new' NEW_AND_EMPTY='' PATH='/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin' LD_LIBRARY_PATH='/opt/lib:/opt/lib64' PKG_CONFIG_PATH='/opt/lib/pkgconfig' INFOPATH='/opt/info::/usr/share/info:' XDG_DATA_DIRS='/opt/share:/usr/share' _LMFILES_='/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua' AUTOENV_HPC_ROOT='/project' AUTOENV_HPC_STATE='eJyLVorVUSgBBQACbAFx' MANPATH='/opt/man:' VIRTUAL_ENV='/project/.venv'
\builtin unset -v REMOVED EMPTY_AND_REMOVED PYTHONPATH
case $1 in exec | noted) __autoenv_hpc_entered=1; return 0 ;; esac
;; esac
[[ $1 != check ]] || return 1
__autoenv_hpc_leave_active() {
[[ -z ${REMOVED[*]+x}${EMPTY_AND_REMOVED[*]+x}${PYTHONPATH[*]+x} && ${NEW-} == '1' && ${CHANGED-} == 'new' && ${EMPTIED+x}${EMPTIED-} == x && ${FILLED-} == 'new' && ${NEW_AND_EMPTY+x}${NEW_AND_EMPTY-} == x && ${PATH-} == '/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin' && ${LD_LIBRARY_PATH-} == '/opt/lib:/opt/lib64' && ${PKG_CONFIG_PATH-} == '/opt/lib/pkgconfig' && ${INFOPATH-} == '/opt/info::/usr/share/info:' && ${XDG_DATA_DIRS-} == '/opt/share:/usr/share' && ${_LMFILES_-} == '/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua' && ${AUTOENV_HPC_ROOT-} == '/project' && ${MANPATH-} == '/opt/man:' && ${VIRTUAL_ENV-} == '/project/.venv' && ${NEW@a}${CHANGED@a}${EMPTIED@a}${FILLED@a}${NEW_AND_EMPTY@a}${PATH@a}${LD_LIBRARY_PATH@a}${PKG_CONFIG_PATH@a}${INFOPATH@a}${XDG_DATA_DIRS@a}${_LMFILES_@a}${AUTOENV_HPC_ROOT@a}${MANPATH@a}${VIRTUAL_ENV@a} == xxxxxxxxxxxxxx ]] || return 1
if [[ ${1-} == check ]]; then
[[ ${AUTOENV_HPC_STATE-} == 'eJyLVorVUSgBBQACbAFx' && ${AUTOENV_HPC_STATE@a} == x ]] || return 1
return 0
fi
\builtin export CHANGED='old' REMOVED='old' EMPTIED='old' FILLED='' EMPTY_AND_REMOVED='' PATH='/usr/bin:/bin' PYTHONPATH='/home/me/lib' PKG_CONFIG_PATH='' INFOPATH='/usr/share/info:' XDG_DATA_DIRS='/usr/share' VIRTUAL_ENV='/home/me/outer'
\builtin unset -v NEW NEW_AND_EMPTY LD_LIBRARY_PATH _LMFILES_ AUTOENV_HPC_ROOT AUTOENV_HPC_STATE MANPATH
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
__autoenv_hpc_begin '/project' 'course' '(course) ' '(outer) '
__autoenv_hpc_alias 'll' 'ls -l'
__autoenv_hpc_function 'greet' 'greet () 
{ 
    :
}'
__autoenv_hpc_completion 'tool' 'complete -W '\''a b'\'' tool'
__autoenv_hpc_set_umask '0022'
__autoenv_hpc_watch ''\''/cache/stamps/1700000000123456789'\'' -nt '\''/project/.hpcenv.toml'\'' || '\''/project/.hpcenv.toml'\'' -nt '\''/cache/stamps/1700000000123456789'\'''
[[ $1 == adopt ]] || __autoenv_hpc_say 'entered course'
# autoenv-hpc: the end
