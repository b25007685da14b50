__autoenv_hpc_shelve 'A'
set -gx A '1'
function __autoenv_hpc_leave_active
set -qx A; or return 1
test "$A" = '1'; or return 1
if test "$argv[1]" = check
return 0
end
set -e A
return 0
end
__autoenv_hpc_begin '/home/me/it\'s "a" test; && $(touch x) `x` \\ *e- èрт🚒♞中片' 'it\'s "a" test; && $(touch x) `x` \\ *e- èрт🚒♞中片' '($(x) `x` \\u %d 100% it\'s ?[31m中) '
__autoenv_hpc_say 'entered it\'s "a" test; && $(touch x) `x` \\ *e- èрт🚒♞中片
'
