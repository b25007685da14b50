if __autoenv_hpc_may_set 'HOSTILE' 'WAS_HOSTILE' 'QUOTES' 'LINES' 'NOT_UTF8' 'SUBSTITUTION' 'BACKSLASHES' 'CONTROLS' 'BLANKS' 'OPTIONS' 'HOSTILE_PATH'; then
\builtin export HOSTILE='it'\''s "a" test; && $(touch x) `x` \ *e- Ã¨Ñ€Ñ‚ðŸš’â™žä¸­ç‰‡' WAS_HOSTILE='tame' QUOTES=''\''"'\''"'\''\'\'''\''' LINES='

three' NOT_UTF8='café ÿþ\x41'\''café ÿþ\x41'\''' SUBSTITUTION='$(touch /tmp/x)`touch /tmp/x`${HOME}$HOME{a,b}~' BACKSLASHES='\\n\'\''\' CONTROLS='	[31m' BLANKS='  leading and trailing  ' OPTIONS='--help' HOSTILE_PATH='/café ÿþ\x41'\'':/$(x):/a b:/it'\''s'
__autoenv_hpc_end
fi
