# shellcheck disable=SC2317 # what a tool prints calls them
#
# Runs the module tool, or conda, in a scratch bash, and writes down what became of the environment.
#
#   bash --norc --noprofile -p module-tool.bash FOLDER KIND COMMAND [STEP…]
#
# KIND is lmod, modules or none; COMMAND prints shell code for `COMMAND bash SUBCOMMAND…`. A STEP is a
# subcommand with its arguments, closed by a lone `;`. Of another kind are `evaluate WORD…`, which
# runs another program that prints shell code, `source FILE`, and `snapshot NAME`, which writes into
# FOLDER/NAME, as strings that end in NUL: the environment, an empty string, then one record for
# each thing that lives in the shell alone. Such records are in FOLDER/start from the beginning, for
# what cannot be carried over. FOLDER/questions is what the module tool asks of the world, as
# observe.lua says. What the tool says goes to stderr.
# Exit status: 0 unless a snapshot could not be written; whether a load worked is read from it.

__autoenv_hpc_folder=$1 __autoenv_hpc_kind=$2 __autoenv_hpc_command=$3
shift 3
declare -A __autoenv_hpc_gone_aliases=() __autoenv_hpc_gone_functions=()

# A modulefile that is unloaded takes its aliases and functions away. They are not defined here,
# so the wish itself is noted.
unalias() {
    local name
    for name; do [[ $name == -* ]] || __autoenv_hpc_gone_aliases[$name]=1; done
    builtin unalias "$@"
}
unset() {
    if [[ ${1-} == -f ]]; then
        local name
        for name in "${@:2}"; do __autoenv_hpc_gone_functions[$name]=1; done
    fi
    builtin unset "$@"
}

# Puts a listener in front of the tool's program, in the program's own language. It adds what the program
# asks of the world to FOLDER/questions. A call without its end in there was not listened to.
__autoenv_hpc_listen() {
    local __autoenv_hpc_line='' __autoenv_hpc_found __autoenv_hpc_record=$__autoenv_hpc_folder/questions
    local -a __autoenv_hpc_words=() __autoenv_hpc_listener=()
    printf 'call\0%s\0\0\0' "$__autoenv_hpc_command" >>"$__autoenv_hpc_record" || return 0
    { IFS= read -r -n 255 __autoenv_hpc_line; } 2>/dev/null <"$__autoenv_hpc_command"
    [[ $__autoenv_hpc_line == '#!'* ]] || return 0
    IFS=$' \t' read -ra __autoenv_hpc_words <<<"${__autoenv_hpc_line#'#!'}"
    case "${__autoenv_hpc_words[*]##*/}" in
    *lua*) __autoenv_hpc_listener=("${__autoenv_hpc_words[@]}" "${BASH_SOURCE[0]%/*}/observe.lua") ;;
    *tclsh*) __autoenv_hpc_listener=("${__autoenv_hpc_words[@]}" "${BASH_SOURCE[0]%/*}/observe.tcl") ;;
    *)
        # A script in front of the tool. Lua can be told by the environment to run the listener first; Tcl
        # cannot, so the program's name is looked for in the script.
        if [[ $__autoenv_hpc_kind == lmod ]]; then
            [[ -z ${LUA_INIT+x} ]] || return 0
            export AUTOENV_HPC_RECORD=$__autoenv_hpc_record LUA_INIT=@${BASH_SOURCE[0]%/*}/observe.lua
            return 0
        fi
        while read -r __autoenv_hpc_line; do
            [[ $__autoenv_hpc_line =~ (/[^\'\"\ ]*/modulecmd[^\'\"\ /]*\.tcl) && $__autoenv_hpc_line != '#'* ]] || continue
            __autoenv_hpc_found=${BASH_REMATCH[1]}
            [[ -f $__autoenv_hpc_found ]] || continue
            __autoenv_hpc_line=''
            IFS= read -r __autoenv_hpc_line <"$__autoenv_hpc_found"
            [[ $__autoenv_hpc_line == '#!'*tclsh* ]] || continue
            IFS=$' \t' read -ra __autoenv_hpc_words <<<"${__autoenv_hpc_line#'#!'}"
            __autoenv_hpc_program=("$__autoenv_hpc_found")
            __autoenv_hpc_listener=("${__autoenv_hpc_words[@]}" "${BASH_SOURCE[0]%/*}/observe.tcl")
            break
        done <"$__autoenv_hpc_command"
        ;;
    esac
    ((${#__autoenv_hpc_listener[@]})) || return 0
    __autoenv_hpc_program=("${__autoenv_hpc_listener[@]}" "$__autoenv_hpc_record" "${__autoenv_hpc_program[-1]}")
}

# Environment Modules can keep its own Tcl safe from the user's LD_LIBRARY_PATH and the like:
# the listed variables travel under another name (module(1), MODULES_RUN_QUARANTINE).
# Called in a shell of its own, which it replaces.
__autoenv_hpc_code() {
    local __autoenv_hpc_variable __autoenv_hpc_runenv
    local -a __autoenv_hpc_quarantine=()
    if [[ $__autoenv_hpc_kind == modules ]]; then
        for __autoenv_hpc_variable in ${MODULES_RUN_QUARANTINE-}; do
            [[ $__autoenv_hpc_variable =~ ^[A-Za-z_][A-Za-z0-9_]*$ && -n ${!__autoenv_hpc_variable+x} ]] || continue
            __autoenv_hpc_runenv=MODULES_RUNENV_$__autoenv_hpc_variable
            __autoenv_hpc_quarantine+=(
                "${__autoenv_hpc_variable}_modquar=${!__autoenv_hpc_variable}"
                "$__autoenv_hpc_variable=${!__autoenv_hpc_runenv-}"
            )
        done
        ((${#__autoenv_hpc_quarantine[@]} == 0)) || __autoenv_hpc_quarantine+=("__MODULES_QUARANTINE_SET=1")
    fi
    local -a __autoenv_hpc_program=("$__autoenv_hpc_command")
    [[ -x $__autoenv_hpc_command ]] || __autoenv_hpc_program=(tclsh "$__autoenv_hpc_command")
    __autoenv_hpc_listen
    if ((${#__autoenv_hpc_quarantine[@]})); then
        exec /usr/bin/env "${__autoenv_hpc_quarantine[@]}" "${__autoenv_hpc_program[@]}" bash "$@"
    else
        exec "${__autoenv_hpc_program[@]}" bash "$@"
    fi
}

__autoenv_hpc_module() {
    builtin eval "$(__autoenv_hpc_code "$@")" >/dev/null
    if [[ $__autoenv_hpc_kind == lmod && ${LMOD_SETTARG_CMD:-:} != : ]]; then
        printf 'program\0%s\0\0LMOD_SETTARG_CMD\0' "$LMOD_SETTARG_CMD" >>"$__autoenv_hpc_folder/questions"
        builtin eval "$("$LMOD_SETTARG_CMD" -s sh)" >/dev/null
    fi
}

# Prints one record for each thing that cannot be carried over; what ends in a newline is text.
__autoenv_hpc_state() {
    printf 'umask\0\0'
    umask
    printf '\0directory\0\0%s\0limits\0\0' "$PWD"
    ulimit -S -a
    ulimit -H -a
    printf '\0'
}

__autoenv_hpc_snapshot() {
    {
        # env(1) itself must not run under what a modulefile put before the system's libraries.
        local __autoenv_hpc_found
        for __autoenv_hpc_found in LD_LIBRARY_PATH LD_PRELOAD LD_AUDIT; do
            [[ -z ${!__autoenv_hpc_found+x} ]] || printf '%s=%s\0' "$__autoenv_hpc_found" "${!__autoenv_hpc_found}"
        done
        /usr/bin/env -u LD_LIBRARY_PATH -u LD_PRELOAD -u LD_AUDIT -0 && printf '\0'
        __autoenv_hpc_state
        for __autoenv_hpc_found in "${!BASH_ALIASES[@]}"; do
            printf 'alias\0%s\0%s\0' "$__autoenv_hpc_found" "${BASH_ALIASES[$__autoenv_hpc_found]}"
            builtin unset "__autoenv_hpc_gone_aliases[$__autoenv_hpc_found]"
        done
        # lists go through a file, as a pipe takes a process
        declare -F >"$__autoenv_hpc_folder/list"
        while read -r _ _ __autoenv_hpc_found; do
            case $__autoenv_hpc_found in __autoenv_hpc_* | unalias | unset) continue ;; esac
            printf 'function\0%s\0' "$__autoenv_hpc_found"
            declare -f -- "$__autoenv_hpc_found"
            printf '\0'
            builtin unset "__autoenv_hpc_gone_functions[$__autoenv_hpc_found]"
        done <"$__autoenv_hpc_folder/list"
        for __autoenv_hpc_found in "${!__autoenv_hpc_gone_aliases[@]}"; do printf 'no alias\0%s\0\0' "$__autoenv_hpc_found"; done
        for __autoenv_hpc_found in "${!__autoenv_hpc_gone_functions[@]}"; do
            printf 'no function\0%s\0\0' "$__autoenv_hpc_found"
        done
        complete -p >"$__autoenv_hpc_folder/list" 2>/dev/null
        while read -r __autoenv_hpc_found; do
            printf 'completion\0%s\0%s\0' "${__autoenv_hpc_found##* }" "$__autoenv_hpc_found"
        done <"$__autoenv_hpc_folder/list"
        printf 'end\0\0\0'
    } >"$__autoenv_hpc_folder/$1"
}

__autoenv_hpc_state >"$__autoenv_hpc_folder/start" || exit 1
__autoenv_hpc_step=()
for __autoenv_hpc_word; do
    if [[ $__autoenv_hpc_word != ';' ]]; then
        __autoenv_hpc_step+=("$__autoenv_hpc_word")
        continue
    fi
    case ${__autoenv_hpc_step[0]} in
    snapshot) __autoenv_hpc_snapshot "${__autoenv_hpc_step[1]}" || exit 1 ;;
    evaluate) builtin eval "$("${__autoenv_hpc_step[@]:1}")" >/dev/null ;;
    source) builtin source -- "${__autoenv_hpc_step[1]}" >/dev/null ;;
    *) __autoenv_hpc_module "${__autoenv_hpc_step[@]}" ;;
    esac
    __autoenv_hpc_step=()
done
exit 0
