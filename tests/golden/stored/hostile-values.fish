test "$__autoenv_hpc_protocol" = 2; or return 1 # autoenv-hpc activation, protocol 2, fish, variant 686f7374696c652d76616c75
test '/cache/stamps/1700000000123456789' -nt '/project/.hpcenv.toml' -o '/project/.hpcenv.toml' -nt '/cache/stamps/1700000000123456789'; and return 1
if test $argv[1] = enter
test "$__autoenv_hpc_choice" = ''; or return 1
test "$__autoenv_hpc_command" = ''; or return 1
set -qx QUOTES SUBSTITUTION; test $status -eq 2; or return 1
set -qx HOSTILE WAS_HOSTILE LINES NOT_UTF8 BACKSLASHES CONTROLS BLANKS OPTIONS HOSTILE_PATH; or return 1
test "$HOSTILE"\x03"$WAS_HOSTILE"\x03"$LINES"\x03"$NOT_UTF8"\x03"$BACKSLASHES"\x03"$CONTROLS"\x03"$BLANKS"\x03"$OPTIONS"\x03"$HOSTILE_PATH" = ''\x03'it\'s "a" test; && $(touch x) `x` \\ *e- èрт🚒♞中片'\x03'one
two
'\x03'caf'\Xe9' '\Xff\Xfe'\\x41\''\x03'\\'\x03''\x03' '\x03'-n'\x03'/a b:/it\'s'; or return 1
__autoenv_hpc_shadow 'HOSTILE' 'WAS_HOSTILE' 'LINES' 'NOT_UTF8' 'BACKSLASHES' 'CONTROLS' 'BLANKS' 'OPTIONS' 'HOSTILE_PATH'
set -gx HOSTILE 'it\'s "a" test; && $(touch x) `x` \\ *e- èрт🚒♞中片'
set -gx WAS_HOSTILE 'tame'
set -gx QUOTES '\'"\'"\'\\\'\''
set -gx LINES '

three'
set -gx NOT_UTF8 'caf'\Xe9' '\Xff\Xfe'\\x41\'caf'\Xe9' '\Xff\Xfe'\\x41\''
set -gx SUBSTITUTION '$(touch /tmp/x)`touch /tmp/x`${HOME}$HOME{a,b}~'
set -gx BACKSLASHES '\\\\n\\\'\\'
set -gx CONTROLS '	[31m'
set -gx BLANKS '  leading and trailing  '
set -gx OPTIONS '--help'
set -gx HOSTILE_PATH '/caf'\Xe9' '\Xff\Xfe'\\x41\'' '/$(x)' '/a b' '/it\'s'
end
function __autoenv_hpc_leave_active
set -qx HOSTILE WAS_HOSTILE QUOTES LINES NOT_UTF8 SUBSTITUTION BACKSLASHES CONTROLS BLANKS OPTIONS HOSTILE_PATH; or return 1
test "$HOSTILE"\x01"$WAS_HOSTILE"\x01"$QUOTES"\x01"$LINES"\x01"$NOT_UTF8"\x01"$SUBSTITUTION"\x01"$BACKSLASHES"\x01"$CONTROLS"\x01"$BLANKS"\x01"$OPTIONS"\x01"$HOSTILE_PATH" = 'it\'s "a" test; && $(touch x) `x` \\ *e- èрт🚒♞中片'\x01'tame'\x01'\'"\'"\'\\\'\''\x01'

three'\x01'caf'\Xe9' '\Xff\Xfe'\\x41\'caf'\Xe9' '\Xff\Xfe'\\x41\''\x01'$(touch /tmp/x)`touch /tmp/x`${HOME}$HOME{a,b}~'\x01'\\\\n\\\'\\'\x01'	[31m'\x01'  leading and trailing  '\x01'--help'\x01'/caf'\Xe9' '\Xff\Xfe'\\x41\':/$(x):/a b:/it\'s'; or return 1
if test "$argv[1]" = check
return 0
end
set -gx HOSTILE ''
set -gx WAS_HOSTILE 'it\'s "a" test; && $(touch x) `x` \\ *e- èрт🚒♞中片'
set -gx LINES 'one
two
'
set -gx NOT_UTF8 'caf'\Xe9' '\Xff\Xfe'\\x41\''
set -gx BACKSLASHES '\\'
set -gx CONTROLS ''
set -gx BLANKS ' '
set -gx OPTIONS '-n'
set -gx HOSTILE_PATH '/a b' '/it\'s'
set -e QUOTES SUBSTITUTION
return 0
end
if test $argv[1] = adopt; and not __autoenv_hpc_leave_active check; return 1; end
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch '\'/cache/stamps/1700000000123456789\' -nt \'/project/.hpcenv.toml\' -o \'/project/.hpcenv.toml\' -nt \'/cache/stamps/1700000000123456789\''
test $argv[1] = adopt; or __autoenv_hpc_say 'entered course'
return 0
# autoenv-hpc: the end
