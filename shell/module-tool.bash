# shellcheck disable=SC2317 # the code that a tool prints calls them
#
# Runs the module tool, or conda, in a scratch bash, and writes down what the environment became.
#
#   bash --norc --noprofile -p module-tool.bash FOLDER KIND COMMAND SHELL [STEP…]
#
# SHELL is the shell for which modules are loaded; modulefiles may ask for its name. KIND is lmod,
# protected-lmod (from which its `module` hides the user's libraries), modules or none. COMMAND prints
# shell code for `COMMAND bash SUBCOMMAND…`. A STEP ends
# with a lone `;` and is one of
#
#   SUBCOMMAND [WORD…]   the module tool runs it
#   evaluate WORD…       another program that prints shell code
#   source FILE
#   snapshot NAME        writes FOLDER/NAME: strings that end in NUL. First the environment, then an
#                        empty string, then one record for each thing that no variable carries
#
# A snapshot's record `verdict` says whether the tool carried out the loads: `loaded`, `refused`, or
# `unknown` where its code does not tell.
#
# FOLDER/start holds such records from the beginning, for what cannot be carried over. FOLDER/questions
# holds what the module tool asked of the world: observe.lua. FOLDER/trace is bash's trace of
# `evaluate` and `source`. What the tool says goes to stderr. The exit status is 0 unless a snapshot
# could not be written; whether a load worked is read from the snapshot.

__autoenv_hpc_folder=$1 __autoenv_hpc_kind=${2#protected-} __autoenv_hpc_command=$3 __autoenv_hpc_shell=$4
__autoenv_hpc_protected=() __autoenv_hpc_lmod_cmd=${LMOD_CMD-}
[[ $2 != protected-* ]] || __autoenv_hpc_protected=(LD_LIBRARY_PATH LD_PRELOAD)
shift 4
__autoenv_hpc_touched=()
declare -A __autoenv_hpc_gone_aliases=() __autoenv_hpc_gone_functions=()

# A modulefile that is unloaded takes its aliases and functions away. They are not defined in this
# bash, so the attempt itself is noted.
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

# What a modulefile sets counts even where it has that value already: elsewhere it may have another.
umask() {
    [[ ${*##-*} == '' ]] || __autoenv_hpc_touched+=(umask)
    builtin umask "$@"
}
ulimit() {
    local word letters=
    for word; do [[ $word != -* ]] || letters+=${word//[-SHa]/}; done
    while [[ -n $letters ]]; do
        __autoenv_hpc_touched+=("${letters:0:1}")
        letters=${letters:1}
    done
    builtin ulimit "$@"
}

# Puts a listener in front of the tool's program, in the program's own language. It adds what the program
# asks of the world to FOLDER/questions. A call without its end in there was not listened to.
__autoenv_hpc_listen() {
    local __autoenv_hpc_line='' __autoenv_hpc_found __autoenv_hpc_record=$__autoenv_hpc_folder/questions
    local -a __autoenv_hpc_words=() __autoenv_hpc_listener=()
    printf 'call\0%s\0\0\0' "$__autoenv_hpc_command" >>"$__autoenv_hpc_record" || return 0
    if [[ $__autoenv_hpc_shell != bash ]]; then export AUTOENV_HPC_SHELL=$__autoenv_hpc_shell; fi
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

__autoenv_hpc_verdict=loaded

# Replaces a subshell by the tool, called as its own `module` does it. That keeps the tool's interpreter
# safe from the user's LD_LIBRARY_PATH and the like: the tool gets the variables under another name, and an
# empty value in their place. For Environment Modules, MODULES_RUN_QUARANTINE lists them (module(1));
# versions 4 and 5 differ in that name, and each ignores the other's. Lmod does it from 9.2.3 on.
__autoenv_hpc_run_tool() {
    local __autoenv_hpc_variable __autoenv_hpc_runenv IFS=$' \t\n'
    local -a __autoenv_hpc_quarantine=() __autoenv_hpc_option=()
    if [[ $__autoenv_hpc_kind == modules ]]; then
        for __autoenv_hpc_variable in ${MODULES_RUN_QUARANTINE-}; do
            [[ $__autoenv_hpc_variable =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
            if [[ -n ${!__autoenv_hpc_variable+x} ]]; then
                __autoenv_hpc_quarantine+=(
                    "__MODULES_QUAR_$__autoenv_hpc_variable=${!__autoenv_hpc_variable}"
                    "${__autoenv_hpc_variable}_modquar=${!__autoenv_hpc_variable}"
                )
            fi
            __autoenv_hpc_runenv=MODULES_RUNENV_$__autoenv_hpc_variable
            __autoenv_hpc_quarantine+=("$__autoenv_hpc_variable=${!__autoenv_hpc_runenv-}")
        done
        ((${#__autoenv_hpc_quarantine[@]} == 0)) || __autoenv_hpc_quarantine+=("__MODULES_QUARANTINE_SET=1")
    elif [[ -n ${LMOD_CMD-} && $LMOD_CMD != "$__autoenv_hpc_lmod_cmd" ]]; then
        __autoenv_hpc_command=$LMOD_CMD # a module has changed what `module` calls
    fi
    for __autoenv_hpc_variable in "${__autoenv_hpc_protected[@]}"; do
        __autoenv_hpc_option=(--protected_vars)
        __autoenv_hpc_quarantine+=(
            "__LMOD_PROTECTED_$__autoenv_hpc_variable=${!__autoenv_hpc_variable-}" "$__autoenv_hpc_variable="
        )
    done
    local -a __autoenv_hpc_program=("$__autoenv_hpc_command")
    [[ -x $__autoenv_hpc_command ]] || __autoenv_hpc_program=(tclsh "$__autoenv_hpc_command")
    __autoenv_hpc_listen
    # No program in between, which would start with the user's libraries.
    ((${#__autoenv_hpc_quarantine[@]} == 0)) || export "${__autoenv_hpc_quarantine[@]}"
    exec "${__autoenv_hpc_program[@]}" bash "${__autoenv_hpc_option[@]}" "$@"
}

__autoenv_hpc_module() {
    local __autoenv_hpc_code
    [[ $1 != load || $__autoenv_hpc_verdict != refused ]] || return 0
    __autoenv_hpc_code=$(__autoenv_hpc_run_tool "$@")
    [[ $1 != load ]] || __autoenv_hpc_judge
    builtin eval "$__autoenv_hpc_code" >/dev/null
    if [[ $__autoenv_hpc_kind == lmod && ${LMOD_SETTARG_CMD:-:} != : ]]; then
        printf 'program\0%s\0\0LMOD_SETTARG_CMD\0' "$LMOD_SETTARG_CMD" >>"$__autoenv_hpc_folder/questions"
        builtin eval "$("$LMOD_SETTARG_CMD" -s sh)" >/dev/null
    fi
}

# The tools' exit statuses are no verdict: Lmod's is 1 after a mere warning, and that of Environment
# Modules before 5.6 is 0 after an error. What they print is: Lmod prints its table unless it gives up, and
# Environment Modules ends with a test that succeeds or fails.
__autoenv_hpc_judge() {
    local is=unknown
    case $__autoenv_hpc_kind:$__autoenv_hpc_code in
    lmod:*_ModuleTable_Sz_=* | modules:*'test 0;') is=loaded ;;
    lmod:* | modules:*'test 0 = 1;') is=refused ;;
    esac
    [[ $is == loaded || $__autoenv_hpc_verdict == refused ]] || __autoenv_hpc_verdict=$is
}

# From here on, bash adds each command that it runs to FOLDER/trace.
__autoenv_hpc_begin_trace() {
    PS4='+ '
    exec {BASH_XTRACEFD}>>"$__autoenv_hpc_folder/trace"
    set -x
    : 'own process' $$
}

# Prints one record for each thing that belongs to a process. A value that ends in a newline is text.
__autoenv_hpc_state() {
    printf 'umask\0\0'
    builtin umask
    printf '\0directory\0\0%s\0soft limits\0\0' "$PWD"
    builtin ulimit -S -a
    printf '\0hard limits\0\0'
    builtin ulimit -H -a
    printf '\0'
}

__autoenv_hpc_snapshot() {
    {
        # env(1) itself must not load the libraries that a modulefile put before the system's.
        local __autoenv_hpc_name
        for __autoenv_hpc_name in LD_LIBRARY_PATH LD_PRELOAD LD_AUDIT; do
            [[ -z ${!__autoenv_hpc_name+x} ]] || printf '%s=%s\0' "$__autoenv_hpc_name" "${!__autoenv_hpc_name}"
        done
        /usr/bin/env -u LD_LIBRARY_PATH -u LD_PRELOAD -u LD_AUDIT -0 && printf '\0'
        __autoenv_hpc_state
        printf 'touched\0\0%s\0' "${__autoenv_hpc_touched[*]}"
        printf 'verdict\0\0%s\0' "$__autoenv_hpc_verdict"
        for __autoenv_hpc_name in "${!BASH_ALIASES[@]}"; do
            printf 'alias\0%s\0%s\0' "$__autoenv_hpc_name" "${BASH_ALIASES[$__autoenv_hpc_name]}"
            builtin unset "__autoenv_hpc_gone_aliases[$__autoenv_hpc_name]"
        done
        # The lists go through a file, since a pipe would take a process.
        declare -F >"$__autoenv_hpc_folder/list"
        while read -r _ _ __autoenv_hpc_name; do
            case $__autoenv_hpc_name in __autoenv_hpc_* | unalias | unset | umask | ulimit) continue ;; esac
            printf 'function\0%s\0' "$__autoenv_hpc_name"
            declare -f -- "$__autoenv_hpc_name"
            printf '\0'
            builtin unset "__autoenv_hpc_gone_functions[$__autoenv_hpc_name]"
        done <"$__autoenv_hpc_folder/list"
        for __autoenv_hpc_name in "${!__autoenv_hpc_gone_aliases[@]}"; do printf 'no alias\0%s\0\0' "$__autoenv_hpc_name"; done
        for __autoenv_hpc_name in "${!__autoenv_hpc_gone_functions[@]}"; do
            printf 'no function\0%s\0\0' "$__autoenv_hpc_name"
        done
        complete -p >"$__autoenv_hpc_folder/list" 2>/dev/null
        while read -r __autoenv_hpc_name; do
            printf 'completion\0%s\0%s\0' "${__autoenv_hpc_name##* }" "$__autoenv_hpc_name"
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
    evaluate | source) # not in a function, where `declare` has another meaning
        if [[ ${__autoenv_hpc_step[0]} == evaluate ]]; then
            __autoenv_hpc_step=(eval "$("${__autoenv_hpc_step[@]:1}")")
        fi
        __autoenv_hpc_begin_trace
        builtin "${__autoenv_hpc_step[@]}" >/dev/null
        builtin set +x
        ;;
    *) __autoenv_hpc_module "${__autoenv_hpc_step[@]}" ;;
    esac
    __autoenv_hpc_step=()
done
exit 0
