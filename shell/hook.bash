# shellcheck shell=bash
# shellcheck disable=SC2154 # what the printed lines set
# shellcheck disable=SC2119,SC2120,SC2139,SC2317 # called from activations and by the user
#
# autoenv-hpc in bash (4.2 and later): brings a project's environment in and takes it out.
#
# Sourced by what `autoenv-hpc hook bash` prints, which sets before:
#   __autoenv_hpc_command   the command's absolute path
#   __autoenv_hpc_ceilings  folders above which no configuration is looked for, besides home
#
# Find, check, apply and undo happen here, without a process; whatever does not match exactly is
# handed to the command, whose answer is shell code that calls the functions below.

# The user's aliases must not get into the functions below.
__autoenv_hpc_expands=
if \builtin shopt -q expand_aliases; then __autoenv_hpc_expands=1; fi
\builtin shopt -u expand_aliases

__autoenv_hpc_cache=${AUTOENV_HPC_CACHE_DIR-}
if [[ -z $__autoenv_hpc_cache ]]; then
    __autoenv_hpc_cache=${XDG_CACHE_HOME-}
    [[ $__autoenv_hpc_cache == /* ]] || __autoenv_hpc_cache=${HOME-}/.cache
    __autoenv_hpc_cache+=/autoenv-hpc
fi
# a job without HOME has one all the same
__autoenv_hpc_ceilings[${#__autoenv_hpc_ceilings[@]}]=${HOME-~}
__autoenv_hpc_dialect=bash # from 4.4 on an expansion tells a variable's attributes
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then __autoenv_hpc_dialect=bash4; fi
__autoenv_hpc_protocol=2
__autoenv_hpc_pwd=           # the directory of the last look; a new shell always looks once
__autoenv_hpc_root=          # the project that the last look came to, active or not
__autoenv_hpc_off=           # the project that the user took out by hand
: "${__autoenv_hpc_active=}" # the project that is in this shell

# The nearer places where no configuration is; one that appears governs.
__autoenv_hpc_nearer=()
__autoenv_hpc_watched= # the test that is made before each prompt
if [[ -z $__autoenv_hpc_active ]]; then
    __autoenv_hpc_aliases=() __autoenv_hpc_functions=() __autoenv_hpc_completions=()
    __autoenv_hpc_shelf=()
fi

# --- the prompt -----------------------------------------------------------------------------

# calmly FUNCTION [WORD…]: calls it without the options that would change what assignments mean
# (-a, -k), show our own work (-x), or make `==` blind to case.
__autoenv_hpc_calmly() {
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

# watch TEST: what is looked at before each prompt, as it stands inside of `[[ ]]`. The prompt's own
# function is written for it, so that an idle prompt runs no loop, calls nothing and assigns nothing.
__autoenv_hpc_watch() {
    local file word places='' moved
    __autoenv_hpc_watched=$1
    for file in ${__autoenv_hpc_nearer+"${__autoenv_hpc_nearer[@]}"}; do
        \builtin printf -v word %q "$file"
        places+=" || -f $word"
    done
    # `test` is not blind to case, whatever is set
    moved="! \\builtin test \"\$PWD\" = \"\$__autoenv_hpc_pwd\" ${places:+|| [[ ${places#* || } ]]}"
    # behind `if` and `||`, the user's `set -e` and ERR trap rest
    \builtin eval "__autoenv_hpc_tick() {
        if $moved; then
            __autoenv_hpc_look ''
        elif [[ ${1:-0 -ne 0} ]]; then
            __autoenv_hpc_look watched
        fi
    }
    __autoenv_hpc_prompt() {
        \\builtin set -- \"\$?\"
        case \$- in
        *[akx]*) __autoenv_hpc_calmly __autoenv_hpc_tick || : ;;
        *)
            if $moved; then
                __autoenv_hpc_calmly __autoenv_hpc_look '' || :
            elif [[ ${1:-0 -ne 0} ]]; then
                __autoenv_hpc_calmly __autoenv_hpc_look watched || :
            fi
            ;;
        esac
        if ((\$1 == 0)) || [[ \$- == *e* ]]; then return 0; fi
        # Only the commands behind this one in the same string need to be told the status again.
        case \${PROMPT_COMMAND-} in *__autoenv_hpc_prompt) return 0 ;; esac
        return \"\$1\"
    }"
}

# --- find -----------------------------------------------------------------------------------

# Sets `found` and `passed` of the caller.
__autoenv_hpc_find() {
    local folder=$PWD ceiling
    __autoenv_hpc_found='' __autoenv_hpc_passed=()
    while [[ $folder == /?* ]]; do
        for ceiling in "${__autoenv_hpc_ceilings[@]}"; do
            if [[ $ceiling == "$folder"/?* ]]; then return 0; fi
        done
        if [[ -f $folder/.hpcenv.toml ]]; then
            __autoenv_hpc_found=$folder
            return 0
        fi
        __autoenv_hpc_passed+=("$folder/.hpcenv.toml")
        folder=${folder%/*}
    done
}

__autoenv_hpc_look() {
    case ${AUTOENV_HPC_DISABLE:-0} in 0) ;; *) return 0 ;; esac
    local __autoenv_hpc_changed=$1 __autoenv_hpc_found
    local -a __autoenv_hpc_passed=()
    __autoenv_hpc_find
    if [[ -n $__autoenv_hpc_off ]]; then
        if [[ $PWD/ != "$__autoenv_hpc_off"/* ]]; then
            __autoenv_hpc_off=
        elif [[ $__autoenv_hpc_found == "$__autoenv_hpc_off" ]]; then
            __autoenv_hpc_found=
        fi
    fi
    __autoenv_hpc_move
}

# Goes from what is active to what was found.
__autoenv_hpc_move() {
    local __autoenv_hpc_known=$__autoenv_hpc_root __autoenv_hpc_first=
    if [[ -z $__autoenv_hpc_pwd ]]; then __autoenv_hpc_first=1; fi
    # Noted before anything is tried: what fails, or is interrupted, is not tried at each prompt.
    __autoenv_hpc_pwd=$PWD __autoenv_hpc_root=$__autoenv_hpc_found
    __autoenv_hpc_nearer=(${__autoenv_hpc_passed+"${__autoenv_hpc_passed[@]}"})
    if [[ $__autoenv_hpc_found == "$__autoenv_hpc_known" && -z $__autoenv_hpc_first ]] &&
        [[ $__autoenv_hpc_changed != watched && $__autoenv_hpc_changed != fresh ]]; then
        __autoenv_hpc_watch "$__autoenv_hpc_watched"
        return 0
    fi
    __autoenv_hpc_watch ''
    if [[ -n $__autoenv_hpc_active && $__autoenv_hpc_found/ != "$__autoenv_hpc_active"/* ]]; then
        __autoenv_hpc_leave || return 0
    elif [[ -z $__autoenv_hpc_active && -z $__autoenv_hpc_found && -n ${AUTOENV_HPC_STATE-} ]]; then
        __autoenv_hpc_ask leave ''
    fi
    if [[ -z $__autoenv_hpc_found ]]; then return 0; fi
    if [[ $__autoenv_hpc_found == "$__autoenv_hpc_active" || $__autoenv_hpc_changed == fresh ]] || ! __autoenv_hpc_replay; then
        __autoenv_hpc_ask "${__autoenv_hpc_changed:-look}" "$__autoenv_hpc_found"
    fi
}

# --- enter and leave ------------------------------------------------------------------------

# Enters by a stored activation, or takes over what this shell inherited. 1: none fits.
__autoenv_hpc_replay() {
    local __autoenv_hpc_folder=$__autoenv_hpc_cache/activations$__autoenv_hpc_found
    local __autoenv_hpc_seal=$__autoenv_hpc_cache/stamps/seal
    local __autoenv_hpc_slot __autoenv_hpc_file __autoenv_hpc_mode=enter
    if [[ ! -f $__autoenv_hpc_folder/0.$__autoenv_hpc_dialect || ! -O $__autoenv_hpc_cache ]]; then return 1; fi
    if [[ -n $__autoenv_hpc_active ]]; then # a project inside a project
        __autoenv_hpc_leave || return 0
    elif [[ -n ${AUTOENV_HPC_STATE-} ]]; then
        __autoenv_hpc_mode=adopt
    fi
    for __autoenv_hpc_slot in 0 1 2 3 4 5 6 7; do
        __autoenv_hpc_file=$__autoenv_hpc_folder/$__autoenv_hpc_slot.$__autoenv_hpc_dialect
        if [[ ! -f $__autoenv_hpc_file ]]; then return 1; fi
        # A file that others may write carries another time than the one that only we can set.
        if [[ ! -O $__autoenv_hpc_file || $__autoenv_hpc_file -nt $__autoenv_hpc_seal ||
            $__autoenv_hpc_file -ot $__autoenv_hpc_seal ]]; then continue; fi
        if \builtin source "$__autoenv_hpc_file" "$__autoenv_hpc_mode"; then return 0; fi
    done
    return 1
}

__autoenv_hpc_leave() {
    if __autoenv_hpc_leave_active; then
        __autoenv_hpc_end
        __autoenv_hpc_say "left $__autoenv_hpc_name"
    else
        __autoenv_hpc_ask leave ''
    fi
    [[ -z $__autoenv_hpc_active ]]
}

__autoenv_hpc_ask() {
    if [[ ! -x $__autoenv_hpc_command ]]; then return 0; fi
    # older builds of bash compare the times of files by the second
    local __autoenv_hpc_code __autoenv_hpc_precision=coarse
    if [[ $__autoenv_hpc_cache/stamps/fine -nt $__autoenv_hpc_cache/stamps/seal ]]; then
        __autoenv_hpc_precision=fine
    fi
    __autoenv_hpc_code=$(\builtin exec "$__autoenv_hpc_command" __shell 2 "$__autoenv_hpc_dialect" "$1" "$2" "$__autoenv_hpc_active" \
        "$__autoenv_hpc_precision" </dev/null) || :
    \builtin eval "$__autoenv_hpc_code"
}

# --- what activations and answers call ------------------------------------------------------

__autoenv_hpc_say() {
    if [[ -n ${AUTOENV_HPC_QUIET-} ]]; then return 0; fi
    if [[ -t 2 && -z ${NO_COLOR-} && ${TERM-} != dumb ]]; then
        \builtin printf '\e[2mautoenv-hpc:\e[0m %s\n' "$1" >&2
    else
        \builtin printf 'autoenv-hpc: %s\n' "$1" >&2
    fi
}

# begin ROOT NAME PREFIX [OUTER…]: the part of an activation that is this shell's alone.
__autoenv_hpc_begin() {
    local prefix=$3 bare outer
    __autoenv_hpc_active=$1 __autoenv_hpc_name=$2
    __autoenv_hpc_user_deactivate=
    if \builtin declare -F deactivate >/dev/null; then
        __autoenv_hpc_user_deactivate=$(\builtin declare -f deactivate)
    fi
    deactivate() {
        # `nondestructive`: another environment's bin/activate makes room for itself
        if [[ ${1-} != nondestructive ]]; then __autoenv_hpc_calmly __autoenv_hpc_switch off; fi
    }
    \builtin shift 3
    \builtin unset -v __autoenv_hpc_ps1
    if [[ -z ${VIRTUAL_ENV_DISABLE_PROMPT-} && -n $prefix && -n ${PS1+x} ]]; then
        __autoenv_hpc_ps1=${PS1#"$prefix"}
        bare=$__autoenv_hpc_ps1
        for outer; do
            if [[ $bare == "$outer"* ]]; then
                bare=${bare#"$outer"}
                break
            fi
        done
        PS1=$prefix$bare
        __autoenv_hpc_ps1_ours=$PS1 __autoenv_hpc_ps1_prefix=$prefix
    fi
}

# Takes back the part that is this shell's alone; the variables are back already.
__autoenv_hpc_end() {
    local __autoenv_hpc_index __autoenv_hpc_item
    __autoenv_hpc_active=
    if [[ -n ${__autoenv_hpc_ps1+x} && -n ${PS1+x} ]]; then
        if [[ $PS1 == "$__autoenv_hpc_ps1_ours" ]]; then
            PS1=$__autoenv_hpc_ps1
        else
            PS1=${PS1#"$__autoenv_hpc_ps1_prefix"}
        fi
    fi
    if [[ ${1-} != keep-deactivate ]]; then
        \builtin unset -f deactivate
        if [[ -n $__autoenv_hpc_user_deactivate ]]; then \builtin eval "$__autoenv_hpc_user_deactivate"; fi
    fi
    for ((__autoenv_hpc_index = 0; __autoenv_hpc_index < ${#__autoenv_hpc_aliases[@]}; __autoenv_hpc_index += 3)); do
        __autoenv_hpc_item=${__autoenv_hpc_aliases[__autoenv_hpc_index]}
        if [[ ${BASH_ALIASES[$__autoenv_hpc_item]+x}${BASH_ALIASES[$__autoenv_hpc_item]-} == "${__autoenv_hpc_aliases[__autoenv_hpc_index + 1]}" ]]; then
            if [[ -n ${__autoenv_hpc_aliases[__autoenv_hpc_index + 2]} ]]; then
                \builtin alias "$__autoenv_hpc_item=${__autoenv_hpc_aliases[__autoenv_hpc_index + 2]#x}"
            else
                \builtin unalias "$__autoenv_hpc_item"
            fi
        fi
    done
    for ((__autoenv_hpc_index = 0; __autoenv_hpc_index < ${#__autoenv_hpc_functions[@]}; __autoenv_hpc_index += 3)); do
        __autoenv_hpc_item=${__autoenv_hpc_functions[__autoenv_hpc_index]}
        if [[ $(\builtin declare -f "$__autoenv_hpc_item") == "${__autoenv_hpc_functions[__autoenv_hpc_index + 1]}" ]]; then
            \builtin unset -f "$__autoenv_hpc_item"
            \builtin eval "${__autoenv_hpc_functions[__autoenv_hpc_index + 2]}"
        fi
    done
    for ((__autoenv_hpc_index = 0; __autoenv_hpc_index < ${#__autoenv_hpc_completions[@]}; __autoenv_hpc_index += 2)); do
        \builtin complete -r -- "${__autoenv_hpc_completions[__autoenv_hpc_index]}" 2>/dev/null
        \builtin eval "${__autoenv_hpc_completions[__autoenv_hpc_index + 1]}"
    done
    if [[ -n ${__autoenv_hpc_umask-} ]]; then
        \builtin umask "$__autoenv_hpc_umask"
    fi
    for ((__autoenv_hpc_index = 0; __autoenv_hpc_index < ${#__autoenv_hpc_shelf[@]}; __autoenv_hpc_index += 2)); do
        __autoenv_hpc_item=${__autoenv_hpc_shelf[__autoenv_hpc_index]}
        if [[ -z ${!__autoenv_hpc_item+x} ]]; then
            \builtin printf -v "$__autoenv_hpc_item" %s "${__autoenv_hpc_shelf[__autoenv_hpc_index + 1]}"
            \builtin export -n "${__autoenv_hpc_item?}"
        fi
    done
    __autoenv_hpc_aliases=() __autoenv_hpc_functions=() __autoenv_hpc_completions=()
    __autoenv_hpc_shelf=() __autoenv_hpc_umask=
    \builtin unset -v __autoenv_hpc_ps1 __autoenv_hpc_ps1_ours __autoenv_hpc_ps1_prefix
    \builtin unset -v __autoenv_hpc_user_deactivate
    \builtin unset -f __autoenv_hpc_leave_active
}

# alias NAME [TEXT]: no text takes the alias away.
__autoenv_hpc_alias() {
    local old=${BASH_ALIASES[$1]+x}${BASH_ALIASES[$1]-} new=
    if (($# > 1)); then
        \builtin alias "$1=$2"
        new=x$2
    elif [[ -n $old ]]; then
        \builtin unalias "$1"
    fi
    __autoenv_hpc_aliases+=("$1" "$new" "$old")
}

# function NAME [DEFINITION]: no definition takes the function away.
__autoenv_hpc_function() {
    local old='' new=''
    if \builtin declare -F "$1" >/dev/null; then old=$(\builtin declare -f "$1"); fi
    \builtin unset -f "$1"
    if (($# > 1)); then
        \builtin eval "$2"
        new=$(\builtin declare -f "$1")
    fi
    __autoenv_hpc_functions+=("$1" "$new" "$old")
}

# completion COMMAND LINE: the whole line that makes the completion.
__autoenv_hpc_completion() {
    local old
    old=$(\builtin complete -p -- "$1" 2>/dev/null) || :
    \builtin eval "$2"
    __autoenv_hpc_completions+=("$1" "$old")
}

__autoenv_hpc_set_umask() {
    __autoenv_hpc_umask=$(\builtin umask)
    \builtin umask "$1"
}

# shelve NAME…: variables that are not exported but set here are put away until we leave.
__autoenv_hpc_shelve() {
    local __autoenv_hpc_variable
    for __autoenv_hpc_variable; do
        if [[ -n ${!__autoenv_hpc_variable+x} ]]; then
            __autoenv_hpc_shelf+=("$__autoenv_hpc_variable" "${!__autoenv_hpc_variable}")
        fi
    done
}

# read_only NAME…: 0 if one of them is read-only here; sets `__autoenv_hpc_fixed` to it.
__autoenv_hpc_read_only() {
    local __autoenv_hpc_name
    for __autoenv_hpc_name; do
        # what is read-only cannot be made local either: a test without a process
        if ! local "$__autoenv_hpc_name" 2>/dev/null; then
            __autoenv_hpc_fixed=$__autoenv_hpc_name
            return 0
        fi
    done
    return 1
}

# may_set NAME…: 1, and a message, if one of them is read-only here.
__autoenv_hpc_may_set() {
    if __autoenv_hpc_read_only "$@"; then
        \builtin printf 'autoenv-hpc: %s is read-only in this shell, so nothing was changed\n' "$__autoenv_hpc_fixed" >&2
        return 1
    fi
}

# --- what the user calls --------------------------------------------------------------------

__autoenv_hpc_switch() {
    local __autoenv_hpc_found __autoenv_hpc_changed=fresh
    local -a __autoenv_hpc_passed=()
    __autoenv_hpc_find
    case $1 in
    off)
        __autoenv_hpc_off=${__autoenv_hpc_active:-$__autoenv_hpc_found}
        if [[ -n $__autoenv_hpc_active ]]; then __autoenv_hpc_leave; fi
        ;;
    on)
        __autoenv_hpc_off=
        if [[ -z $__autoenv_hpc_active ]]; then
            __autoenv_hpc_root='' __autoenv_hpc_changed=''
            __autoenv_hpc_move
        fi
        ;;
    reload)
        __autoenv_hpc_off=
        __autoenv_hpc_move
        ;;
    esac
}

autoenv-hpc() {
    case "$#:${1-}" in
    1:on | 1:off | 1:reload) __autoenv_hpc_calmly __autoenv_hpc_switch "$1" ;;
    *) "$__autoenv_hpc_command" "$@" ;;
    esac
}

# --- install --------------------------------------------------------------------------------

__autoenv_hpc_install() {
    case "${PROMPT_COMMAND[*]-} ${__vsc_original_prompt_command[*]-}" in
    *__autoenv_hpc_prompt*) return 0 ;;
    esac
    # As an array, each command sees the user's `$?` (bash 5.1 and later run all of them).
    if [[ "$(\builtin declare -p PROMPT_COMMAND 2>/dev/null)" == 'declare -a'* ]] &&
        ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
        PROMPT_COMMAND=(__autoenv_hpc_prompt "${PROMPT_COMMAND[@]}")
    elif [[ ${PROMPT_COMMAND-} =~ [^[:space:]\;] ]]; then
        # shellcheck disable=SC2178,SC2128 # element 0 of the array that older versions run
        PROMPT_COMMAND="__autoenv_hpc_prompt; ${PROMPT_COMMAND}"
    else
        # shellcheck disable=SC2178
        PROMPT_COMMAND=__autoenv_hpc_prompt
    fi
}
__autoenv_hpc_watch ''
__autoenv_hpc_install
if [[ -n $__autoenv_hpc_expands ]]; then \builtin shopt -s expand_aliases; fi
