[[ ${__autoenv_hpc_protocol-} == 2 ]] || return 1 # autoenv-hpc activation, protocol 2, zsh, variant 686f7374696c652d76616c75
__autoenv_hpc_stamps='/cache/stamps'
[[ ( ! -e $__autoenv_hpc_stamps/1700000000123456789 || ! -e '/project/.hpcenv.toml' || $__autoenv_hpc_stamps/1700000000123456789 -nt '/project/.hpcenv.toml' || '/project/.hpcenv.toml' -nt $__autoenv_hpc_stamps/1700000000123456789 ) ]] && return 1
case $1 in check) [[ ${__autoenv_hpc_choice-} == any || ${__autoenv_hpc_choice-} == '' ]] || return 1 ;; adopt) ;;
*) [[ ${__autoenv_hpc_choice-} == '' && ${__autoenv_hpc_command-} == '' ]] || return 1 ;; esac
case $1 in enter | exec | noted)
[[ -z ${QUOTES+x}${SUBSTITUTION+x} && ${HOSTILE+x}${HOSTILE-} == x && ${WAS_HOSTILE-} == 'it'\''s "a" test; && $(touch x) `x` \ *e- Ã¨Ñ€Ñ‚ðŸš’â™žä¸­ç‰‡' && ${LINES-} == 'one
two
' && ${NOT_UTF8-} == 'café ÿþ\x41'\''' && ${BACKSLASHES-} == '\' && ${CONTROLS-} == '' && ${BLANKS-} == ' ' && ${OPTIONS-} == '-n' && ${HOSTILE_PATH-} == '/a b:/it'\''s' && ${(t)HOSTILE} == scalar(|-tied)-export* && ${(t)WAS_HOSTILE} == scalar(|-tied)-export* && ${(t)LINES} == scalar(|-tied)-export* && ${(t)NOT_UTF8} == scalar(|-tied)-export* && ${(t)BACKSLASHES} == scalar(|-tied)-export* && ${(t)CONTROLS} == scalar(|-tied)-export* && ${(t)BLANKS} == scalar(|-tied)-export* && ${(t)OPTIONS} == scalar(|-tied)-export* && ${(t)HOSTILE_PATH} == scalar(|-tied)-export* ]] || return 1
\builtin export HOSTILE='it'\''s "a" test; && $(touch x) `x` \ *e- Ã¨Ñ€Ñ‚ðŸš’â™žä¸­ç‰‡' WAS_HOSTILE='tame' QUOTES=''\''"'\''"'\''\'\'''\''' LINES='

three' NOT_UTF8='café ÿþ\x41'\''café ÿþ\x41'\''' SUBSTITUTION='$(touch /tmp/x)`touch /tmp/x`${HOME}$HOME{a,b}~' BACKSLASHES='\\n\'\''\' CONTROLS='	[31m' BLANKS='  leading and trailing  ' OPTIONS='--help' HOSTILE_PATH='/café ÿþ\x41'\'':/$(x):/a b:/it'\''s'
case $1 in exec | noted) __autoenv_hpc_entered=1; return 0 ;; esac
;; esac
__autoenv_hpc_leave_active() {
[[ ${HOSTILE-} == 'it'\''s "a" test; && $(touch x) `x` \ *e- Ã¨Ñ€Ñ‚ðŸš’â™žä¸­ç‰‡' && ${WAS_HOSTILE-} == 'tame' && ${QUOTES-} == ''\''"'\''"'\''\'\'''\''' && ${LINES-} == '

three' && ${NOT_UTF8-} == 'café ÿþ\x41'\''café ÿþ\x41'\''' && ${SUBSTITUTION-} == '$(touch /tmp/x)`touch /tmp/x`${HOME}$HOME{a,b}~' && ${BACKSLASHES-} == '\\n\'\''\' && ${CONTROLS-} == '	[31m' && ${BLANKS-} == '  leading and trailing  ' && ${OPTIONS-} == '--help' && ${HOSTILE_PATH-} == '/café ÿþ\x41'\'':/$(x):/a b:/it'\''s' && ${(t)HOSTILE} == scalar(|-tied)-export* && ${(t)WAS_HOSTILE} == scalar(|-tied)-export* && ${(t)QUOTES} == scalar(|-tied)-export* && ${(t)LINES} == scalar(|-tied)-export* && ${(t)NOT_UTF8} == scalar(|-tied)-export* && ${(t)SUBSTITUTION} == scalar(|-tied)-export* && ${(t)BACKSLASHES} == scalar(|-tied)-export* && ${(t)CONTROLS} == scalar(|-tied)-export* && ${(t)BLANKS} == scalar(|-tied)-export* && ${(t)OPTIONS} == scalar(|-tied)-export* && ${(t)HOSTILE_PATH} == scalar(|-tied)-export* ]] || return 1
if [[ ${1-} == check ]]; then
return 0
fi
\builtin export HOSTILE='' WAS_HOSTILE='it'\''s "a" test; && $(touch x) `x` \ *e- Ã¨Ñ€Ñ‚ðŸš’â™žä¸­ç‰‡' LINES='one
two
' NOT_UTF8='café ÿþ\x41'\''' BACKSLASHES='\' CONTROLS='' BLANKS=' ' OPTIONS='-n' HOSTILE_PATH='/a b:/it'\''s'
\builtin unset -v QUOTES SUBSTITUTION
return 0
}
case $1 in adopt) __autoenv_hpc_leave_active check || return 1 ;;
check) __autoenv_hpc_leave_active check; return ;; esac
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_watch '! -e '\''/cache/stamps/1700000000123456789'\'' || ! -e '\''/project/.hpcenv.toml'\'' || '\''/cache/stamps/1700000000123456789'\'' -nt '\''/project/.hpcenv.toml'\'' || '\''/project/.hpcenv.toml'\'' -nt '\''/cache/stamps/1700000000123456789'\'''
[[ $1 == adopt ]] || __autoenv_hpc_say 'entered course'
# autoenv-hpc: the end
