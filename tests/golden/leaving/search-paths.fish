set -gx PATH '/project/.venv/bin' '/opt/a b/bin' '/usr/bin' '/bin'
set -gx LD_LIBRARY_PATH '/opt/lib' '/opt/lib64'
set -gx PKG_CONFIG_PATH '/opt/lib/pkgconfig'
set -gx INFOPATH '/opt/info' '' '/usr/share/info' ''
set -gx XDG_DATA_DIRS '/opt/share:/usr/share'
set -gx _LMFILES_ '/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua'
set -e PYTHONPATH
__autoenv_hpc_end
