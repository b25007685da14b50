if __autoenv_hpc_may_set 'HOSTILE' 'WAS_HOSTILE' 'QUOTES' 'LINES' 'NOT_UTF8' 'SUBSTITUTION' 'BACKSLASHES' 'CONTROLS' 'BLANKS' 'OPTIONS' 'HOSTILE_PATH'; then
__autoenv_hpc_shelve 'QUOTES' 'SUBSTITUTION'
\builtin export HOSTILE='it'\''s "a" test; && $(touch x) `x` \ *e- Ã¨Ñ€Ñ‚ðŸš’â™žä¸­ç‰‡' WAS_HOSTILE='tame' QUOTES=''\''"'\''"'\''\'\'''\''' LINES='

three' NOT_UTF8='café ÿþ\x41'\''café ÿþ\x41'\''' SUBSTITUTION='$(touch /tmp/x)`touch /tmp/x`${HOME}$HOME{a,b}~' BACKSLASHES='\\n\'\''\' CONTROLS='	[31m' BLANKS='  leading and trailing  ' OPTIONS='--help' HOSTILE_PATH='/café ÿþ\x41'\'':/$(x):/a b:/it'\''s'
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
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_say 'entered course'
fi
