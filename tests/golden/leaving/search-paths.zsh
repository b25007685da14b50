if __autoenv_hpc_may_set 'PATH' 'LD_LIBRARY_PATH' 'PKG_CONFIG_PATH' 'INFOPATH' 'XDG_DATA_DIRS' '_LMFILES_' 'PYTHONPATH'; then
\builtin export PATH='/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin' LD_LIBRARY_PATH='/opt/lib:/opt/lib64' PKG_CONFIG_PATH='/opt/lib/pkgconfig' INFOPATH='/opt/info::/usr/share/info:' XDG_DATA_DIRS='/opt/share:/usr/share' _LMFILES_='/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua'
\builtin unset -v PYTHONPATH
__autoenv_hpc_end
fi
