test "$__autoenv_hpc_protocol" = 2; or return 1 # autoenv-hpc activation, protocol 2, fish, variant 65766572797468696e67
test ! -e '/state/allowed/record' -o -e '/state/denied/record' -o '/cache/stamps/1700000000123456789' -nt '/project/.hpcenv.toml' -o '/project/.hpcenv.toml' -nt '/cache/stamps/1700000000123456789' -o '/cache/stamps/1700000000500000000' -nt '/project/.venv/pyvenv.cfg' -o '/project/.venv/pyvenv.cfg' -nt '/cache/stamps/1700000000500000000'; and return 1
set -l __autoenv_hpc_host
read __autoenv_hpc_host </proc/sys/kernel/hostname
test "$__autoenv_hpc_host" = 'node1'; or return 1
test (path mtime -R -- '/cache/stamps/1795518565000000000') -lt 3600 -a (path mtime -R -- '/cache/stamps/1795518565000000000') -gt -3600; or return 1
set -qx LMOD_SYSTEM_NAME; test $status -eq 1; or return 1
set -qx MODULEPATH; or return 1
test "$MODULEPATH" = '/modules'; or return 1
if test $argv[1] = enter
test "$__autoenv_hpc_choice" = ''; or return 1
test "$__autoenv_hpc_command" = ''; or return 1
set -qx NEW NEW_AND_EMPTY LD_LIBRARY_PATH _LMFILES_ AUTOENV_HPC_ROOT AUTOENV_HPC_STATE MANPATH; test $status -eq 7; or return 1
set -qx CHANGED REMOVED EMPTIED FILLED EMPTY_AND_REMOVED PATH PYTHONPATH PKG_CONFIG_PATH INFOPATH XDG_DATA_DIRS VIRTUAL_ENV; or return 1
test "$CHANGED"\x01"$REMOVED"\x01"$EMPTIED"\x01"$FILLED"\x01"$EMPTY_AND_REMOVED"\x01"$PATH"\x01"$PYTHONPATH"\x01"$PKG_CONFIG_PATH"\x01"$INFOPATH"\x01"$XDG_DATA_DIRS"\x01"$VIRTUAL_ENV" = 'old'\x01'old'\x01'old'\x01''\x01''\x01'/usr/bin:/bin'\x01'/home/me/lib'\x01''\x01'/usr/share/info:'\x01'/usr/share'\x01'/home/me/outer'; or return 1
__autoenv_hpc_shadow 'CHANGED' 'REMOVED' 'EMPTIED' 'FILLED' 'EMPTY_AND_REMOVED' 'PATH' 'PYTHONPATH' 'PKG_CONFIG_PATH' 'INFOPATH' 'XDG_DATA_DIRS' 'VIRTUAL_ENV'
set -gx NEW '1'
set -gx CHANGED 'new'
set -gx EMPTIED ''
set -gx FILLED 'new'
set -gx NEW_AND_EMPTY ''
set -gx PATH '/project/.venv/bin' '/opt/a b/bin' '/usr/bin' '/bin'
set -gx LD_LIBRARY_PATH '/opt/lib' '/opt/lib64'
set -gx PKG_CONFIG_PATH '/opt/lib/pkgconfig'
set -gx INFOPATH '/opt/info' '' '/usr/share/info' ''
set -gx XDG_DATA_DIRS '/opt/share:/usr/share'
set -gx _LMFILES_ '/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua'
set -gx AUTOENV_HPC_ROOT '/project'
set -gx AUTOENV_HPC_STATE 'eJyLVorVUSgBBQACbAFx'
set -gx MANPATH '/opt/man' ''
set -gx VIRTUAL_ENV '/project/.venv'
set -e REMOVED EMPTY_AND_REMOVED PYTHONPATH
end
function __autoenv_hpc_leave_active
set -qx REMOVED EMPTY_AND_REMOVED PYTHONPATH; test $status -eq 3; or return 1
set -qx NEW CHANGED EMPTIED FILLED NEW_AND_EMPTY PATH LD_LIBRARY_PATH PKG_CONFIG_PATH INFOPATH XDG_DATA_DIRS _LMFILES_ AUTOENV_HPC_ROOT MANPATH VIRTUAL_ENV; or return 1
test "$NEW"\x01"$CHANGED"\x01"$EMPTIED"\x01"$FILLED"\x01"$NEW_AND_EMPTY"\x01"$PATH"\x01"$LD_LIBRARY_PATH"\x01"$PKG_CONFIG_PATH"\x01"$INFOPATH"\x01"$XDG_DATA_DIRS"\x01"$_LMFILES_"\x01"$AUTOENV_HPC_ROOT"\x01"$MANPATH"\x01"$VIRTUAL_ENV" = '1'\x01'new'\x01''\x01'new'\x01''\x01'/project/.venv/bin:/opt/a b/bin:/usr/bin:/bin'\x01'/opt/lib:/opt/lib64'\x01'/opt/lib/pkgconfig'\x01'/opt/info::/usr/share/info:'\x01'/opt/share:/usr/share'\x01'/modules/GCC/10.3.0.lua:/modules/Python/3.9.5.lua'\x01'/project'\x01'/opt/man:'\x01'/project/.venv'; or return 1
if test "$argv[1]" = check
set -qx AUTOENV_HPC_STATE; or return 1
test "$AUTOENV_HPC_STATE" = 'eJyLVorVUSgBBQACbAFx'; or return 1
return 0
end
set -gx CHANGED 'old'
set -gx REMOVED 'old'
set -gx EMPTIED 'old'
set -gx FILLED ''
set -gx EMPTY_AND_REMOVED ''
set -gx PATH '/usr/bin' '/bin'
set -gx PYTHONPATH '/home/me/lib'
set -gx PKG_CONFIG_PATH ''
set -gx INFOPATH '/usr/share/info' ''
set -gx XDG_DATA_DIRS '/usr/share'
set -gx VIRTUAL_ENV '/home/me/outer'
set -e NEW NEW_AND_EMPTY LD_LIBRARY_PATH _LMFILES_ AUTOENV_HPC_ROOT AUTOENV_HPC_STATE MANPATH
return 0
end
if test $argv[1] = adopt; and not __autoenv_hpc_leave_active check; return 1; end
__autoenv_hpc_begin '/project' 'course' '(course) ' '(outer) '
__autoenv_hpc_alias 'll' 'ls -l'
__autoenv_hpc_set_umask '0022'
__autoenv_hpc_watch '\'/cache/stamps/1700000000123456789\' -nt \'/project/.hpcenv.toml\' -o \'/project/.hpcenv.toml\' -nt \'/cache/stamps/1700000000123456789\''
test $argv[1] = adopt; or __autoenv_hpc_say 'entered course'
return 0
# autoenv-hpc: the end
