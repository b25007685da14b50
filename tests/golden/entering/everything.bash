if __autoenv_hpc_may_set 'NEW' 'CHANGED' 'EMPTIED' 'FILLED' 'NEW_AND_EMPTY' 'PATH' 'LD_LIBRARY_PATH' 'PKG_CONFIG_PATH' 'INFOPATH' 'XDG_DATA_DIRS' '_LMFILES_' 'AUTOENV_HPC_ROOT' 'AUTOENV_HPC_STATE' 'MANPATH' 'VIRTUAL_ENV' 'REMOVED' 'EMPTY_AND_REMOVED' 'PYTHONPATH'; then
__autoenv_hpc_shelve 'NEW' 'NEW_AND_EMPTY' 'LD_LIBRARY_PATH' '_LMFILES_' 'AUTOENV_HPC_ROOT' 'AUTOENV_HPC_STATE' 'MANPATH'
\builtin export NEW='1' CHANGED='new' EMPTIED='' FILLED='new' NEW_AND_EMPTY='' PATH='/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin' LD_LIBRARY_PATH='/opt/lib:/opt/lib64' PKG_CONFIG_PATH='/opt/lib/pkgconfig' INFOPATH='/opt/info::/usr/share/info:' XDG_DATA_DIRS='/opt/share:/usr/share' _LMFILES_='/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua' AUTOENV_HPC_ROOT='/project' AUTOENV_HPC_STATE='eJyLVorVUSgBBQACbAFx' MANPATH='/opt/man:' VIRTUAL_ENV='/project/.venv'
\builtin unset -v REMOVED EMPTY_AND_REMOVED PYTHONPATH
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
__autoenv_hpc_begin '/project' 'course' '(course) ' '(outer) '
__autoenv_hpc_alias 'll' 'ls -l'
__autoenv_hpc_function 'greet' 'greet () 
{ 
    :
}'
__autoenv_hpc_completion 'tool' 'complete -W '\''a b'\'' tool'
__autoenv_hpc_set_umask '0022'
__autoenv_hpc_say 'entered course'
fi
