[[ ${__autoenv_hpc_protocol-} == 2 ]] || return 1 # autoenv-hpc activation, protocol 2, bash, variant 7365617263682d7061746873
__autoenv_hpc_stamps='/cache/stamps'
[[ ( $__autoenv_hpc_stamps/1700000000123456789 -nt '/project/.hpcenv.toml' || '/project/.hpcenv.toml' -nt $__autoenv_hpc_stamps/1700000000123456789 ) ]] && return 1
case $1 in check) [[ ${__autoenv_hpc_choice-} == any || ${__autoenv_hpc_choice-} == '' ]] || return 1 ;; adopt) ;;
*) [[ ${__autoenv_hpc_choice-} == '' && ${__autoenv_hpc_command-} == '' ]] || return 1 ;; esac
case $1 in enter | exec | noted)
[[ -z ${LD_LIBRARY_PATH[*]+x}${_LMFILES_[*]+x} && ${PATH-} == '/usr/bin:/bin' && ${PYTHONPATH-} == '/home/me/lib' && ${PKG_CONFIG_PATH+x}${PKG_CONFIG_PATH-} == x && ${INFOPATH-} == '/usr/share/info:' && ${XDG_DATA_DIRS-} == '/usr/share' && ${PATH@a}${PYTHONPATH@a}${PKG_CONFIG_PATH@a}${INFOPATH@a}${XDG_DATA_DIRS@a} == xxxxx ]] || return 1
\builtin export PATH='/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin' LD_LIBRARY_PATH='/opt/lib:/opt/lib64' PKG_CONFIG_PATH='/opt/lib/pkgconfig' INFOPATH='/opt/info::/usr/share/info:' XDG_DATA_DIRS='/opt/share:/usr/share' _LMFILES_='/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua'
\builtin unset -v PYTHONPATH
case $1 in exec | noted) __autoenv_hpc_entered=1; return 0 ;; esac
;; esac
__autoenv_hpc_leave_active() {
[[ -z ${PYTHONPATH[*]+x} && ${PATH-} == '/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin' && ${LD_LIBRARY_PATH-} == '/opt/lib:/opt/lib64' && ${PKG_CONFIG_PATH-} == '/opt/lib/pkgconfig' && ${INFOPATH-} == '/opt/info::/usr/share/info:' && ${XDG_DATA_DIRS-} == '/opt/share:/usr/share' && ${_LMFILES_-} == '/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua' && ${PATH@a}${LD_LIBRARY_PATH@a}${PKG_CONFIG_PATH@a}${INFOPATH@a}${XDG_DATA_DIRS@a}${_LMFILES_@a} == xxxxxx ]] || return 1
if [[ ${1-} == check ]]; then
return 0
fi
\builtin export PATH='/usr/bin:/bin' PYTHONPATH='/home/me/lib' PKG_CONFIG_PATH='' INFOPATH='/usr/share/info:' XDG_DATA_DIRS='/usr/share'
\builtin unset -v LD_LIBRARY_PATH _LMFILES_
return 0
}
case $1 in adopt) __autoenv_hpc_leave_active check || return 1 ;;
check) __autoenv_hpc_leave_active check; return ;; esac
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch ''\''/cache/stamps/1700000000123456789'\'' -nt '\''/project/.hpcenv.toml'\'' || '\''/project/.hpcenv.toml'\'' -nt '\''/cache/stamps/1700000000123456789'\'''
[[ $1 == adopt ]] || __autoenv_hpc_say 'entered course'
# autoenv-hpc: the end
