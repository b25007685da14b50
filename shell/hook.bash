# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2178,SC2128 # variables of hook.common and of the printed lines
# shellcheck disable=SC2139,SC2317 # called from activations
#
# The hook for bash (4.2 and later). What `autoenv-hpc hook bash` prints sources it and sets before:
#   __autoenv_hpc_command   the command's absolute path
#   __autoenv_hpc_ceilings  folders above which no configuration is looked for, besides home
#
# hook.common, sourced below, holds what bash and zsh do alike and describes the order of it all.
# Here is what is bash's own: the prompt, names, and the call from PROMPT_COMMAND.

# The user's aliases must not get into the functions below.
__autoenv_hpc_expands=
if \builtin shopt -q expand_aliases; then __autoenv_hpc_expands=1; fi
\builtin shopt -u expand_aliases
\builtin source "${BASH_SOURCE[0]%/*}/hook.common"

__autoenv_hpc_dialect=bash # from 4.4 on, `${NAME@a}` gives a variable's attributes
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then __autoenv_hpc_dialect=bash4; fi

# Limits the search. Home's real path takes a process, but only if it may differ from `$HOME`.
__autoenv_hpc_start() {
    local folder=$__autoenv_hpc_home real=$__autoenv_hpc_home
    while [[ $folder == /?* ]]; do
        if [[ -L $folder || $folder == */[./]* ]]; then
            real=$(\builtin cd -P -- "$__autoenv_hpc_home" 2>/dev/null && \builtin printf '%s/' "$PWD") || :
            break
        fi
        folder=${folder%/*}
    done
    __autoenv_hpc_limit "$__autoenv_hpc_home" "$real" ${__autoenv_hpc_ceilings+"${__autoenv_hpc_ceilings[@]}"}
}

# --- the prompt -----------------------------------------------------------------------------

# with_plain_options FUNCTION [WORD…]: calls it without the options that would change what assignments
# mean (-a, -k), show our own work (-x), or make `==` blind to case.
__autoenv_hpc_with_plain_options() {
    local __autoenv_hpc_options __autoenv_hpc_matching
    __autoenv_hpc_options=$- __autoenv_hpc_matching=
    if [[ $__autoenv_hpc_options == *[akx]* ]]; then \builtin set +akx; fi
    if \builtin shopt -q nocasematch; then
        __autoenv_hpc_matching=1
        \builtin shopt -u nocasematch
    fi
    "$@" || :
    if [[ -n $__autoenv_hpc_matching ]]; then \builtin shopt -s nocasematch; fi
    if [[ $__autoenv_hpc_options == *a* ]]; then \builtin set -a; fi
    if [[ $__autoenv_hpc_options == *k* ]]; then \builtin set -k; fi
    if [[ $__autoenv_hpc_options == *x* ]]; then \builtin set -x; fi
}

# watch TEST: the test that stands inside of `[[ ]]` before each prompt. The prompt's function is
# written for it, so that an idle prompt runs no loop, calls nothing and assigns nothing.
__autoenv_hpc_watch() {
    local file word places='' is_elsewhere
    __autoenv_hpc_watched=$1
    for file in ${__autoenv_hpc_nearer+"${__autoenv_hpc_nearer[@]}"}; do
        \builtin printf -v word %q "$file"
        places+=" || -f $word"
    done
    # `test` is not blind to case, whatever is set
    is_elsewhere="! \\builtin test \"\$PWD\" = \"\$__autoenv_hpc_pwd\" ${places:+|| [[ ${places#* || } ]]}"
    # Behind `if` and `||` the user's `set -e` and ERR trap do not act.
    \builtin eval "__autoenv_hpc_check() {
        if $is_elsewhere; then
            __autoenv_hpc_on_change ''
        elif [[ ${1:-0 -ne 0} ]]; then
            __autoenv_hpc_on_change watched
        fi
    }
    __autoenv_hpc_prompt() {
        \\builtin set -- \"\$?\"
        case \$- in
        *[akx]*) __autoenv_hpc_with_plain_options __autoenv_hpc_check || : ;;
        *)
            if $is_elsewhere; then
                __autoenv_hpc_with_plain_options __autoenv_hpc_on_change '' || :
            elif [[ ${1:-0 -ne 0} ]]; then
                __autoenv_hpc_with_plain_options __autoenv_hpc_on_change watched || :
            fi
            ;;
        esac
        if ((\$1 == 0)) || [[ \$- == *e* ]]; then return 0; fi
        # Only commands that follow this one in the same string need the status again.
        case \${PROMPT_COMMAND-} in *__autoenv_hpc_prompt) return 0 ;; esac
        return \"\$1\"
    }"
}

__autoenv_hpc_print() {
    \builtin printf '%s\n' "$1" >&2
}

# --- files ----------------------------------------------------------------------------------

__autoenv_hpc_is_whole() {
    local -a lines
    \builtin mapfile -t lines <"$1"
    ((${#lines[@]})) && [[ ${lines[${#lines[@]} - 1]} == '# autoenv-hpc: the end' ]]
}

# --- names ----------------------------------------------------------------------------------

# Sets `line` of the caller.
__autoenv_hpc_read_alias() {
    __autoenv_hpc_line=
    if [[ -n ${BASH_ALIASES[$1]+x} ]]; then
        \builtin printf -v __autoenv_hpc_line '\\builtin alias -- %q' "$1=${BASH_ALIASES[$1]}"
    fi
}

# completion COMMAND LINE: LINE is the whole line that defines the completion. Instead of a command it
# may be for one that has none (-D), for an empty line (-E) or for the first word (-I).
__autoenv_hpc_completion() {
    local undo words=(-- "$1")
    case $1 in -[DEI]) words=("$1") ;; esac
    \builtin printf -v undo '%q ' \\builtin complete -r "${words[@]}"
    undo+=$'2>/dev/null || :\n'
    __autoenv_hpc_undo+=("${undo/\\\\/\\}$(\builtin complete -p "${words[@]}" 2>/dev/null)")
    \builtin eval "$2"
}

# shelve NAME…: hides variables that are set but not exported until the project is left. What the user
# sets meanwhile stays.
__autoenv_hpc_shelve() {
    local __autoenv_hpc_variable __autoenv_hpc_line
    for __autoenv_hpc_variable; do
        __autoenv_hpc_line="${__autoenv_hpc_variable}[*]" # of an array that has no first element, too
        if [[ -z ${!__autoenv_hpc_line+x} ]]; then continue; fi
        __autoenv_hpc_line=$(\builtin declare -p "$__autoenv_hpc_variable")
        __autoenv_hpc_undo+=("[[ -n \${${__autoenv_hpc_variable}[*]+x} ]] || declare -g ${__autoenv_hpc_line#declare }")
        \builtin unset -v "$__autoenv_hpc_variable"
    done
}

# is_exported NAME: bash before 4.4 cannot tell without a process, and says yes.
__autoenv_hpc_is_exported() {
    [[ $__autoenv_hpc_dialect == bash4 || ${!1@a} == *x* ]]
}

# What a bin/activate saved for its `deactivate` is not exported; the command must see it.
__autoenv_hpc_export_saved() {
    local name
    for name in "${!_OLD_VIRTUAL_@}" "${!_OLD_PKG_@}"; do \builtin export "${name?}"; done
}

# read_only NAME…: status 0 if one of them is read-only here; sets `__autoenv_hpc_fixed` to it.
__autoenv_hpc_read_only() {
    local __autoenv_hpc_name
    for __autoenv_hpc_name; do
        # A read-only variable cannot be made local either: a test without a process.
        if ! local "$__autoenv_hpc_name" 2>/dev/null; then
            __autoenv_hpc_fixed=$__autoenv_hpc_name
            return 0
        fi
    done
    return 1
}

# is_typed NAME…: status 0 if one of them is exported and has another attribute, which values of the
# project would not survive; sets `__autoenv_hpc_fixed` to it.
__autoenv_hpc_is_typed() {
    local __autoenv_hpc_line
    while IFS= \builtin read -r __autoenv_hpc_line; do
        __autoenv_hpc_fixed=${__autoenv_hpc_line#declare -* }
        __autoenv_hpc_fixed=${__autoenv_hpc_fixed%%=*}
        __autoenv_hpc_line=${__autoenv_hpc_line%%" $__autoenv_hpc_fixed"*}
        if [[ $__autoenv_hpc_line == 'declare -'*x* && $__autoenv_hpc_line == 'declare -'*[aAilnuc]* ]]; then
            return 0
        fi
    done <<<"$(\builtin declare -p "$@" 2>/dev/null || :)"
    return 1
}

# --- PROMPT_COMMAND -------------------------------------------------------------------------

__autoenv_hpc_install() {
    case "${PROMPT_COMMAND[*]-} ${__vsc_original_prompt_command[*]-}" in
    *__autoenv_hpc_prompt*) return 0 ;;
    esac
    local before=${PROMPT_COMMAND-}
    # direnv restores whole values, so it must act before: as it came when we enter, as it is gone
    # when we leave.
    if [[ $before == *_direnv_hook* ]]; then
        PROMPT_COMMAND=${before%%_direnv_hook*}_direnv_hook\;__autoenv_hpc_prompt${before#*_direnv_hook}
        return 0
    fi
    # As an array, each command sees the user's `$?` (bash 5.1 and later run all of them).
    if [[ "$(\builtin declare -p PROMPT_COMMAND 2>/dev/null)" == 'declare -a'* ]] &&
        ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
        PROMPT_COMMAND=(__autoenv_hpc_prompt "${PROMPT_COMMAND[@]}")
    elif [[ ${PROMPT_COMMAND-} =~ [^[:space:]\;] ]]; then
        PROMPT_COMMAND="__autoenv_hpc_prompt; ${PROMPT_COMMAND}" # element 0, in older versions the only one
    else
        PROMPT_COMMAND=__autoenv_hpc_prompt
    fi
}
__autoenv_hpc_start
__autoenv_hpc_watch ''
__autoenv_hpc_install
if [[ -n $__autoenv_hpc_expands ]]; then \builtin shopt -s expand_aliases; fi
