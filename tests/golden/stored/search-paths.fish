test "$__autoenv_hpc_protocol" = 2; or return 1 # autoenv-hpc activation, protocol 2, fish, variant 7365617263682d7061746873
test '/cache/stamps/1700000000123456789' -nt '/project/.hpcenv.toml' -o '/project/.hpcenv.toml' -nt '/cache/stamps/1700000000123456789'; and return 1
if test $argv[1] = enter
test "$__autoenv_hpc_choice" = ''; or return 1
test "$__autoenv_hpc_command" = ''; or return 1
set -qx LD_LIBRARY_PATH _LMFILES_; test $status -eq 2; or return 1
set -qx PATH PYTHONPATH PKG_CONFIG_PATH INFOPATH XDG_DATA_DIRS; or return 1
test "$PATH"\x01"$PYTHONPATH"\x01"$PKG_CONFIG_PATH"\x01"$INFOPATH"\x01"$XDG_DATA_DIRS" = '/usr/bin:/bin'\x01'/home/me/lib'\x01''\x01'/usr/share/info:'\x01'/usr/share'; or return 1
__autoenv_hpc_shadow 'PATH' 'PYTHONPATH' 'PKG_CONFIG_PATH' 'INFOPATH' 'XDG_DATA_DIRS'
set -gx PATH '/project/.venv/bin' '/opt/a b/bin' '/usr/bin' '/bin'
set -gx LD_LIBRARY_PATH '/opt/lib' '/opt/lib64'
set -gx PKG_CONFIG_PATH '/opt/lib/pkgconfig'
set -gx INFOPATH '/opt/info' '' '/usr/share/info' ''
set -gx XDG_DATA_DIRS '/opt/share:/usr/share'
set -gx _LMFILES_ '/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua'
set -e PYTHONPATH
end
function __autoenv_hpc_leave_active
set -qx PYTHONPATH; test $status -eq 1; or return 1
set -qx PATH LD_LIBRARY_PATH PKG_CONFIG_PATH INFOPATH XDG_DATA_DIRS _LMFILES_; or return 1
test "$PATH"\x01"$LD_LIBRARY_PATH"\x01"$PKG_CONFIG_PATH"\x01"$INFOPATH"\x01"$XDG_DATA_DIRS"\x01"$_LMFILES_" = '/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin'\x01'/opt/lib:/opt/lib64'\x01'/opt/lib/pkgconfig'\x01'/opt/info::/usr/share/info:'\x01'/opt/share:/usr/share'\x01'/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua'; or return 1
if test "$argv[1]" = check
return 0
end
set -gx PATH '/usr/bin' '/bin'
set -gx PYTHONPATH '/home/me/lib'
set -gx PKG_CONFIG_PATH ''
set -gx INFOPATH '/usr/share/info' ''
set -gx XDG_DATA_DIRS '/usr/share'
set -e LD_LIBRARY_PATH _LMFILES_
return 0
end
if test $argv[1] = adopt; and not __autoenv_hpc_leave_active check; return 1; end
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch '\'/cache/stamps/1700000000123456789\' -nt \'/project/.hpcenv.toml\' -o \'/project/.hpcenv.toml\' -nt \'/cache/stamps/1700000000123456789\''
test $argv[1] = adopt; or __autoenv_hpc_say 'entered course'
return 0
# autoenv-hpc: the end
