# Runs a program in the environment of a project. `autoenv-hpc shim` writes this text into each shim,
# behind the lines that name the command, the project and the program.
#
# The start script is sourced: one bash does both, so what it reads of its own process is the caller's.
# shellcheck shell=bash disable=SC2154 # the lines before set the variables

__autoenv_hpc_shim=${BASH_SOURCE[0]}
if [[ $__autoenv_hpc_shim != /* ]]; then __autoenv_hpc_shim=$PWD/$__autoenv_hpc_shim; fi

# fail TEXT: the environment cannot be had.
__autoenv_hpc_fail_shim() {
    printf 'autoenv-hpc: %s: %s (run "autoenv-hpc shim" again)\n' "$__autoenv_hpc_shim" "$1" >&2
    exit 125
}

# The startup files of a login shell set PATH, so they come first and the project after them.
__autoenv_hpc_after_login() {
    local is_login='' word
    local -a words=()
    while [[ ${1-} == [-+]?* && $1 != -- ]]; do
        word=$1
        case $word in
        --login) is_login=1 ;;
        --rcfile | --init-file) words+=("$word" "${@:2:1}") && shift ;;
        --*) words+=("$word") ;;
        *)
            if [[ $word == -*l* ]]; then is_login=1 word=${word//l/}; fi
            if [[ $word != - ]]; then words+=("$word"); fi
            if [[ $word == *[oO]* ]]; then words+=("${@:2:1}") && shift; fi
            ;;
        esac
        shift || break
    done
    if [[ -z $is_login ]]; then return; fi
    # shellcheck disable=SC2016 # it is the login shell that expands it
    exec -- "/bin/$__autoenv_hpc_program" -l -c 'exec "$0" "$@"' "$__autoenv_hpc_shim" "${words[@]}" "$@"
}

case $__autoenv_hpc_program in bash | sh) __autoenv_hpc_after_login "$@" ;; esac
if [[ ! -f $__autoenv_hpc_project/.hpcenv.toml ]]; then
    __autoenv_hpc_fail_shim "its project $__autoenv_hpc_project is gone"
elif [[ ! -r $__autoenv_hpc_command ]]; then
    __autoenv_hpc_fail_shim "$__autoenv_hpc_command is gone"
fi
__autoenv_hpc_named=
case " ${__autoenv_hpc_options[*]-}" in *' --env '*) __autoenv_hpc_named=${__autoenv_hpc_options[*]: -1} ;; esac
# A Python whose folder is in its environment goes by its own path, `sys.executable`: editors take that
# for the interpreter. It is `bin/python` itself for what it starts, and for those who write its path down.
__autoenv_hpc_argv0=
if [[ -n $__autoenv_hpc_prefix && " ${1-} ${2-} " != ' -m '@(pip|venv|virtualenv)' ' ]]; then
    if [[ -n ${AUTOENV_HPC_STATE-} && ${AUTOENV_HPC_ROOT-} == "$__autoenv_hpc_project" &&
        ${AUTOENV_HPC_ENV-} == "$__autoenv_hpc_named" &&
        ${VIRTUAL_ENV:-${CONDA_PREFIX-}} == "$__autoenv_hpc_prefix" ]]; then
        exec -a "$__autoenv_hpc_shim" -- "$__autoenv_hpc_prefix/bin/python" "$@"
    fi
    __autoenv_hpc_argv0=$__autoenv_hpc_shim
fi
# One without a named environment has none inside of one either.
if [[ -z $__autoenv_hpc_named ]]; then unset -v AUTOENV_HPC_ENV; fi
set -- exec --project "$__autoenv_hpc_project" "${__autoenv_hpc_options[@]}" -- "$__autoenv_hpc_program" "$@"
# shellcheck source=shell/autoenv-hpc
source "$__autoenv_hpc_command"
