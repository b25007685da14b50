[[ ${__autoenv_hpc_protocol-} == 2 ]] || return 1 # autoenv-hpc activation, protocol 2, zsh, variant 65766572797468696e67
__autoenv_hpc_stamps='/cache/stamps'
[[ ( ! -e '/state/allowed/record' || -e '/state/denied/record' || ! -e $__autoenv_hpc_stamps/1700000000123456789 || ! -e '/project/.hpcenv.toml' || $__autoenv_hpc_stamps/1700000000123456789 -nt '/project/.hpcenv.toml' || '/project/.hpcenv.toml' -nt $__autoenv_hpc_stamps/1700000000123456789 || ! -e $__autoenv_hpc_stamps/1700000000500000000 || ! -e '/project/.venv/pyvenv.cfg' || $__autoenv_hpc_stamps/1700000000500000000 -nt '/project/.venv/pyvenv.cfg' || '/project/.venv/pyvenv.cfg' -nt $__autoenv_hpc_stamps/1700000000500000000 ) ]] && return 1
\builtin read -r __autoenv_hpc_host </proc/sys/kernel/hostname
[[ $__autoenv_hpc_host == 'node1' ]] || return 1
(( 1795514965 < ${(%):-%D{%s\}} && ${(%):-%D{%s\}} < 1795522165 )) || return 1
[[ -z ${LMOD_SYSTEM_NAME+x} && ${MODULEPATH-} == '/modules' && ${(t)MODULEPATH} == scalar(|-tied)-export* ]] || return 1
case $1 in check) [[ ${__autoenv_hpc_choice-} == any || ${__autoenv_hpc_choice-} == '' ]] || return 1 ;; adopt) ;;
*) [[ ${__autoenv_hpc_choice-} == '' && ${__autoenv_hpc_command-} == '' ]] || return 1 ;; esac
case $1 in enter | exec | noted)
[[ -z ${NEW+x}${NEW_AND_EMPTY+x}${LD_LIBRARY_PATH+x}${_LMFILES_+x}${AUTOENV_HPC_ROOT+x}${AUTOENV_HPC_STATE+x} && ${(t)MANPATH} != *export* && ${CHANGED-} == 'old' && ${REMOVED-} == 'old' && ${EMPTIED-} == 'old' && ${FILLED+x}${FILLED-} == x && ${EMPTY_AND_REMOVED+x}${EMPTY_AND_REMOVED-} == x && ${PATH-} == '/usr/bin:/bin' && ${PYTHONPATH-} == '/home/me/lib' && ${PKG_CONFIG_PATH+x}${PKG_CONFIG_PATH-} == x && ${INFOPATH-} == '/usr/share/info:' && ${XDG_DATA_DIRS-} == '/usr/share' && ${VIRTUAL_ENV-} == '/home/me/outer' && ${(t)CHANGED} == scalar(|-tied)-export* && ${(t)REMOVED} == scalar(|-tied)-export* && ${(t)EMPTIED} == scalar(|-tied)-export* && ${(t)FILLED} == scalar(|-tied)-export* && ${(t)EMPTY_AND_REMOVED} == scalar(|-tied)-export* && ${(t)PATH} == scalar(|-tied)-export* && ${(t)PYTHONPATH} == scalar(|-tied)-export* && ${(t)PKG_CONFIG_PATH} == scalar(|-tied)-export* && ${(t)INFOPATH} == scalar(|-tied)-export* && ${(t)XDG_DATA_DIRS} == scalar(|-tied)-export* && ${(t)VIRTUAL_ENV} == scalar(|-tied)-export* ]] || return 1
[[ $1 == exec ]] || __autoenv_hpc_shelve 'MANPATH'
\builtin export NEW='1' CHANGED='new' EMPTIED='' FILLED='new' NEW_AND_EMPTY='' PATH='/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin' LD_LIBRARY_PATH='/opt/lib:/opt/lib64' PKG_CONFIG_PATH='/opt/lib/pkgconfig' INFOPATH='/opt/info::/usr/share/info:' XDG_DATA_DIRS='/opt/share:/usr/share' _LMFILES_='/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua' AUTOENV_HPC_ROOT='/project' AUTOENV_HPC_STATE='eJyLVorVUSgBBQACbAFx' MANPATH='/opt/man:' VIRTUAL_ENV='/project/.venv'
\builtin unset -v REMOVED EMPTY_AND_REMOVED PYTHONPATH
case $1 in exec | noted) __autoenv_hpc_entered=1; return 0 ;; esac
;; esac
__autoenv_hpc_leave_active() {
[[ -z ${REMOVED+x}${EMPTY_AND_REMOVED+x}${PYTHONPATH+x} && ${NEW-} == '1' && ${CHANGED-} == 'new' && ${EMPTIED+x}${EMPTIED-} == x && ${FILLED-} == 'new' && ${NEW_AND_EMPTY+x}${NEW_AND_EMPTY-} == x && ${PATH-} == '/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin' && ${LD_LIBRARY_PATH-} == '/opt/lib:/opt/lib64' && ${PKG_CONFIG_PATH-} == '/opt/lib/pkgconfig' && ${INFOPATH-} == '/opt/info::/usr/share/info:' && ${XDG_DATA_DIRS-} == '/opt/share:/usr/share' && ${_LMFILES_-} == '/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua' && ${AUTOENV_HPC_ROOT-} == '/project' && ${MANPATH-} == '/opt/man:' && ${VIRTUAL_ENV-} == '/project/.venv' && ${(t)NEW} == scalar(|-tied)-export* && ${(t)CHANGED} == scalar(|-tied)-export* && ${(t)EMPTIED} == scalar(|-tied)-export* && ${(t)FILLED} == scalar(|-tied)-export* && ${(t)NEW_AND_EMPTY} == scalar(|-tied)-export* && ${(t)PATH} == scalar(|-tied)-export* && ${(t)LD_LIBRARY_PATH} == scalar(|-tied)-export* && ${(t)PKG_CONFIG_PATH} == scalar(|-tied)-export* && ${(t)INFOPATH} == scalar(|-tied)-export* && ${(t)XDG_DATA_DIRS} == scalar(|-tied)-export* && ${(t)_LMFILES_} == scalar(|-tied)-export* && ${(t)AUTOENV_HPC_ROOT} == scalar(|-tied)-export* && ${(t)MANPATH} == scalar(|-tied)-export* && ${(t)VIRTUAL_ENV} == scalar(|-tied)-export* ]] || return 1
if [[ ${1-} == check ]]; then
[[ ${AUTOENV_HPC_STATE-} == 'eJyLVorVUSgBBQACbAFx' && ${(t)AUTOENV_HPC_STATE} == scalar(|-tied)-export* ]] || return 1
return 0
fi
\builtin export CHANGED='old' REMOVED='old' EMPTIED='old' FILLED='' EMPTY_AND_REMOVED='' PATH='/usr/bin:/bin' PYTHONPATH='/home/me/lib' PKG_CONFIG_PATH='' INFOPATH='/usr/share/info:' XDG_DATA_DIRS='/usr/share' VIRTUAL_ENV='/home/me/outer'
\builtin unset -v NEW NEW_AND_EMPTY LD_LIBRARY_PATH _LMFILES_ AUTOENV_HPC_ROOT AUTOENV_HPC_STATE
__autoenv_hpc_unset 'MANPATH'
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
__autoenv_hpc_watch '! -e '\''/cache/stamps/1700000000123456789'\'' || ! -e '\''/project/.hpcenv.toml'\'' || '\''/cache/stamps/1700000000123456789'\'' -nt '\''/project/.hpcenv.toml'\'' || '\''/project/.hpcenv.toml'\'' -nt '\''/cache/stamps/1700000000123456789'\'''
[[ $1 == adopt ]] || __autoenv_hpc_say 'entered course'
# autoenv-hpc: the end
