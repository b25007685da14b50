if __autoenv_hpc_may_set 'PATH' 'LD_LIBRARY_PATH' 'PKG_CONFIG_PATH' 'INFOPATH' 'XDG_DATA_DIRS' '_LMFILES_' 'PYTHONPATH'; then
__autoenv_hpc_shelve 'LD_LIBRARY_PATH' '_LMFILES_'
\builtin export PATH='/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin' LD_LIBRARY_PATH='/opt/lib:/opt/lib64' PKG_CONFIG_PATH='/opt/lib/pkgconfig' INFOPATH='/opt/info::/usr/share/info:' XDG_DATA_DIRS='/opt/share:/usr/share' _LMFILES_='/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua'
\builtin unset -v PYTHONPATH
__autoenv_hpc_leave_active() {
[[ -z ${PYTHONPATH+x} && ${PATH-} == '/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin' && ${LD_LIBRARY_PATH-} == '/opt/lib:/opt/lib64' && ${PKG_CONFIG_PATH-} == '/opt/lib/pkgconfig' && ${INFOPATH-} == '/opt/info::/usr/share/info:' && ${XDG_DATA_DIRS-} == '/opt/share:/usr/share' && ${_LMFILES_-} == '/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua' && ${(t)PATH} == scalar(|-tied)-export* && ${(t)LD_LIBRARY_PATH} == scalar(|-tied)-export* && ${(t)PKG_CONFIG_PATH} == scalar(|-tied)-export* && ${(t)INFOPATH} == scalar(|-tied)-export* && ${(t)XDG_DATA_DIRS} == scalar(|-tied)-export* && ${(t)_LMFILES_} == scalar(|-tied)-export* ]] || return 1
if [[ ${1-} == check ]]; then
return 0
fi
\builtin export PATH='/usr/bin:/bin' PYTHONPATH='/home/me/lib' PKG_CONFIG_PATH='' INFOPATH='/usr/share/info:' XDG_DATA_DIRS='/usr/share'
\builtin unset -v LD_LIBRARY_PATH _LMFILES_
return 0
}
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_say 'entered course'
fi
