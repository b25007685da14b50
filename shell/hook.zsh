# autoenv-hpc in zsh: brings a project's environment in and takes it out.
#
# Sourced by what `autoenv-hpc hook zsh` prints, which sets before:
#   __autoenv_hpc_command   the command's absolute path
#   __autoenv_hpc_ceilings  folders above which no configuration is looked for, besides home
#
# Find, check, apply and undo happen here, without a process; whatever does not match exactly is
# handed to the command, whose answer is shell code that calls the functions below. Nothing is
# autoloaded (a module may have exported a foreign FPATH) and zsh/parameter is not needed.

typeset -g __autoenv_hpc_cache=${AUTOENV_HPC_CACHE_DIR-}
if [[ -z $__autoenv_hpc_cache ]]; then
    __autoenv_hpc_cache=${XDG_CACHE_HOME-}
    [[ $__autoenv_hpc_cache == /* ]] || __autoenv_hpc_cache=${HOME-}/.cache
    __autoenv_hpc_cache=$__autoenv_hpc_cache/autoenv-hpc
fi
__autoenv_hpc_ceilings+=("${HOME-}")
typeset -g __autoenv_hpc_protocol=2
typeset -g __autoenv_hpc_pwd=       # the directory of the last look; a new shell always looks once
typeset -g __autoenv_hpc_root=      # the project that the last look came to, active or not
typeset -g __autoenv_hpc_off=       # the project that the user took out by hand
typeset -g __autoenv_hpc_active=${__autoenv_hpc_active-} # the project that is in this shell
typeset -g __autoenv_hpc_pending=${__autoenv_hpc_pending-} # said after Powerlevel10k's instant prompt
typeset -g __autoenv_hpc_watched=   # the test that is made before each prompt

# The nearer places where no configuration is; one that appears governs.
typeset -ga __autoenv_hpc_nearer
__autoenv_hpc_nearer=()
typeset -ga __autoenv_hpc_aliases __autoenv_hpc_functions __autoenv_hpc_shelf

# --- the prompt -----------------------------------------------------------------------------

# watch TEST: what is looked at before each prompt, as it stands inside of `[[ ]]`. The function that
# zsh calls is written for it: a second call would cost more than all its looks.
__autoenv_hpc_watch() {
    local file places=
    __autoenv_hpc_watched=$1
    for file in "${__autoenv_hpc_nearer[@]}"; do places+=" || -f ${(qq)file}"; done
    builtin eval "__autoenv_hpc_precmd() {
        if [[ \$PWD != \$__autoenv_hpc_pwd || -n \$__autoenv_hpc_pending$places ]]; then
            __autoenv_hpc_look ''
        elif [[ ${1:-0 -ne 0} ]]; then
            __autoenv_hpc_look watched
        fi
        return 0 # zsh keeps the user's status over its hooks
    }"
}

__autoenv_hpc_chpwd() {
    emulate -L zsh
    # `(cd elsewhere && …)` is no move of this shell
    if (( ZSH_SUBSHELL == 0 )) && [[ -n $__autoenv_hpc_pwd ]]; then __autoenv_hpc_precmd; fi
    return 0
}

# --- find -----------------------------------------------------------------------------------

# Sets `found` and `passed` of the caller.
__autoenv_hpc_find() {
    local folder=$PWD ceiling
    __autoenv_hpc_found= __autoenv_hpc_passed=()
    while [[ $folder == /?* ]]; do
        for ceiling in "${__autoenv_hpc_ceilings[@]}"; do
            if [[ $ceiling == $folder/?* ]]; then return 0; fi
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
    emulate -L zsh
    local __autoenv_hpc_changed=$1 __autoenv_hpc_found
    local -a __autoenv_hpc_passed
    if [[ -n $__autoenv_hpc_pending && -z ${__p9k_instant_prompt_active-} ]]; then
        print -ru2 -- "${__autoenv_hpc_pending%$'\n'}"
        __autoenv_hpc_pending=
    fi
    case ${AUTOENV_HPC_DISABLE:-0} in (0) ;; (*) return 0 ;; esac
    __autoenv_hpc_find
    if [[ -n $__autoenv_hpc_off ]]; then
        if [[ $PWD/ != $__autoenv_hpc_off/* ]]; then
            __autoenv_hpc_off=
        elif [[ $__autoenv_hpc_found == $__autoenv_hpc_off ]]; then
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
    __autoenv_hpc_pwd=$PWD __autoenv_hpc_nearer=("${__autoenv_hpc_passed[@]}") __autoenv_hpc_root=$__autoenv_hpc_found
    if [[ $__autoenv_hpc_found == $__autoenv_hpc_known && -z $__autoenv_hpc_first ]] &&
        [[ $__autoenv_hpc_changed != watched && $__autoenv_hpc_changed != fresh ]]; then
        __autoenv_hpc_watch "$__autoenv_hpc_watched"
        return 0
    fi
    __autoenv_hpc_watch ''
    if [[ -n $__autoenv_hpc_active && $__autoenv_hpc_found/ != $__autoenv_hpc_active/* ]]; then
        __autoenv_hpc_leave || return 0
    elif [[ -z $__autoenv_hpc_active && -z $__autoenv_hpc_found && -n ${AUTOENV_HPC_STATE-} ]]; then
        __autoenv_hpc_ask leave ''
    fi
    if [[ -z $__autoenv_hpc_found ]]; then return 0; fi
    if [[ $__autoenv_hpc_found == $__autoenv_hpc_active || $__autoenv_hpc_changed == fresh ]] || ! __autoenv_hpc_replay; then
        __autoenv_hpc_ask "${__autoenv_hpc_changed:-look}" "$__autoenv_hpc_found"
    fi
}

# --- enter and leave ------------------------------------------------------------------------

# Enters by a stored activation, or takes over what this shell inherited. 1: none fits.
__autoenv_hpc_replay() {
    local __autoenv_hpc_folder=$__autoenv_hpc_cache/activations$__autoenv_hpc_found
    local __autoenv_hpc_seal=$__autoenv_hpc_cache/stamps/seal
    local __autoenv_hpc_slot __autoenv_hpc_file __autoenv_hpc_mode=enter
    if [[ ! -f $__autoenv_hpc_folder/0.zsh || ! -O $__autoenv_hpc_cache ]]; then return 1; fi
    if [[ -n $__autoenv_hpc_active ]]; then # a project inside a project
        __autoenv_hpc_leave || return 0
    elif [[ -n ${AUTOENV_HPC_STATE-} ]]; then
        __autoenv_hpc_mode=adopt
    fi
    for __autoenv_hpc_slot in 0 1 2 3 4 5 6 7; do
        __autoenv_hpc_file=$__autoenv_hpc_folder/$__autoenv_hpc_slot.zsh
        if [[ ! -f $__autoenv_hpc_file ]]; then return 1; fi
        # A file that others may write carries another time than the one that only we can set.
        if [[ ! -O $__autoenv_hpc_file || ! -e $__autoenv_hpc_seal ||
            $__autoenv_hpc_file -nt $__autoenv_hpc_seal || $__autoenv_hpc_file -ot $__autoenv_hpc_seal ]]; then continue; fi
        if builtin source "$__autoenv_hpc_file" $__autoenv_hpc_mode; then return 0; fi
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
    local __autoenv_hpc_code
    __autoenv_hpc_code=$("$__autoenv_hpc_command" __shell 2 zsh "$1" "$2" "$__autoenv_hpc_active" </dev/null)
    builtin eval "$__autoenv_hpc_code"
}

# --- what activations and answers call ------------------------------------------------------

__autoenv_hpc_say() {
    if [[ -n ${AUTOENV_HPC_QUIET-} ]]; then return 0; fi
    local line="autoenv-hpc: $1"
    if [[ -t 2 && -z ${NO_COLOR-} && ${TERM-} != dumb ]]; then line=$'\e[2mautoenv-hpc:\e[0m '$1; fi
    if [[ -n ${__p9k_instant_prompt_active-} ]]; then
        __autoenv_hpc_pending+=$line$'\n'
    else
        print -ru2 -- "$line"
    fi
}

# begin ROOT NAME PREFIX [OUTER…]: the part of an activation that is this shell's alone.
__autoenv_hpc_begin() {
    local prefix=$3 bare outer
    typeset -g __autoenv_hpc_active=$1 __autoenv_hpc_name=$2
    if typeset -f deactivate >/dev/null; then
        typeset -g __autoenv_hpc_user_deactivate="$(typeset -f deactivate)"
    fi
    deactivate() {
        # `nondestructive`: another environment's bin/activate makes room for itself
        if [[ ${1-} != nondestructive ]]; then __autoenv_hpc_switch off; fi
    }
    shift 3
    if [[ -z ${VIRTUAL_ENV_DISABLE_PROMPT-} && -n $prefix ]] && (( ${+PS1} )); then
        typeset -g __autoenv_hpc_ps1=${PS1#"$prefix"}
        bare=$__autoenv_hpc_ps1
        for outer; do
            if [[ $bare == "$outer"* ]]; then
                bare=${bare#"$outer"}
                break
            fi
        done
        PS1=$prefix$bare
        typeset -g __autoenv_hpc_ps1_ours=$PS1 __autoenv_hpc_ps1_prefix=$prefix
    fi
}

# Takes back the part that is this shell's alone; the variables are back already.
__autoenv_hpc_end() {
    local __autoenv_hpc_item __autoenv_hpc_new __autoenv_hpc_old __autoenv_hpc_now
    __autoenv_hpc_active=
    if (( ${+__autoenv_hpc_ps1} )); then
        if [[ $PS1 == "$__autoenv_hpc_ps1_ours" ]]; then
            PS1=$__autoenv_hpc_ps1
        else
            PS1=${PS1#"$__autoenv_hpc_ps1_prefix"}
        fi
    fi
    if [[ ${1-} != keep-deactivate ]]; then
        unset -f deactivate
        if (( ${+__autoenv_hpc_user_deactivate} )); then builtin eval "$__autoenv_hpc_user_deactivate"; fi
    fi
    for __autoenv_hpc_item __autoenv_hpc_new __autoenv_hpc_old in "${__autoenv_hpc_aliases[@]}"; do
        __autoenv_hpc_get_alias $__autoenv_hpc_item
        if [[ $__autoenv_hpc_now == $__autoenv_hpc_new ]]; then
            unalias -- $__autoenv_hpc_item 2>/dev/null
            builtin eval "$__autoenv_hpc_old"
        fi
    done
    for __autoenv_hpc_item __autoenv_hpc_new __autoenv_hpc_old in "${__autoenv_hpc_functions[@]}"; do
        if [[ "$(typeset -f $__autoenv_hpc_item)" == $__autoenv_hpc_new ]]; then
            unset -f $__autoenv_hpc_item 2>/dev/null
            builtin eval "$__autoenv_hpc_old"
        fi
    done
    if [[ -n ${__autoenv_hpc_umask-} ]]; then umask $__autoenv_hpc_umask; fi
    for __autoenv_hpc_item __autoenv_hpc_old in "${__autoenv_hpc_shelf[@]}"; do
        typeset -g +x "$__autoenv_hpc_item=$__autoenv_hpc_old"
    done
    __autoenv_hpc_aliases=() __autoenv_hpc_functions=() __autoenv_hpc_shelf=()
    unset __autoenv_hpc_ps1 __autoenv_hpc_ps1_ours __autoenv_hpc_ps1_prefix
    unset __autoenv_hpc_user_deactivate __autoenv_hpc_umask
    unset -f __autoenv_hpc_leave_active
}

# Sets `now` of the caller to the line that makes the alias, empty when there is none.
__autoenv_hpc_get_alias() {
    __autoenv_hpc_now=
    if builtin alias -- $1 >/dev/null; then __autoenv_hpc_now=$(builtin alias -L -- $1); fi
}

# alias NAME [TEXT]: no text takes the alias away.
__autoenv_hpc_alias() {
    local __autoenv_hpc_now __autoenv_hpc_old
    __autoenv_hpc_get_alias $1
    __autoenv_hpc_old=$__autoenv_hpc_now
    unalias -- $1 2>/dev/null
    if (( $# > 1 )); then builtin alias -- "$1=$2"; fi
    __autoenv_hpc_get_alias $1
    __autoenv_hpc_aliases+=("$1" "$__autoenv_hpc_now" "$__autoenv_hpc_old")
}

# function NAME [DEFINITION]: no definition takes the function away.
__autoenv_hpc_function() {
    local old=
    if typeset -f $1 >/dev/null; then old=$(typeset -f $1); fi
    unset -f $1 2>/dev/null
    if (( $# > 1 )); then builtin eval "$2"; fi
    __autoenv_hpc_functions+=("$1" "$(typeset -f $1)" "$old")
}

# completion COMMAND LINE: bash's own; nothing to do in zsh.
__autoenv_hpc_completion() { :; }

__autoenv_hpc_set_umask() {
    typeset -g __autoenv_hpc_umask=$(umask)
    umask $1
}

# shelve NAME…: variables that are not exported but set here are put away until we leave. Those
# that zsh ties to an array (MANPATH and the like) are always set.
__autoenv_hpc_shelve() {
    local __autoenv_hpc_variable
    for __autoenv_hpc_variable; do
        if (( ${(P)+__autoenv_hpc_variable} )) && [[ ${(Pt)__autoenv_hpc_variable} != *export* ]] &&
            [[ ${(Pt)__autoenv_hpc_variable}/${(P)__autoenv_hpc_variable} != *special*/ ]]; then
            __autoenv_hpc_shelf+=("$__autoenv_hpc_variable" "${(P)__autoenv_hpc_variable}")
        fi
    done
}

# unset NAME…: as unset(1), but a special parameter keeps its special meaning.
__autoenv_hpc_unset() {
    local __autoenv_hpc_variable
    for __autoenv_hpc_variable; do
        if [[ ${(Pt)__autoenv_hpc_variable} == *tied* ]]; then
            typeset -g +x $__autoenv_hpc_variable
            set -A ${(L)__autoenv_hpc_variable} # the array that it is tied to
        else
            unset $__autoenv_hpc_variable
        fi
    done
}

# may_set NAME…: 1, and a message, if one of them is read-only here.
__autoenv_hpc_may_set() {
    local __autoenv_hpc_variable
    for __autoenv_hpc_variable; do
        if [[ ${(Pt)__autoenv_hpc_variable} == *readonly* ]]; then
            print -ru2 -- "autoenv-hpc: $__autoenv_hpc_variable is read-only in this shell, so nothing was changed"
            return 1
        fi
    done
}

# --- what the user calls --------------------------------------------------------------------

__autoenv_hpc_switch() {
    emulate -L zsh
    local __autoenv_hpc_found __autoenv_hpc_changed=fresh
    local -a __autoenv_hpc_passed
    __autoenv_hpc_find
    case $1 in
    (off)
        __autoenv_hpc_off=${__autoenv_hpc_active:-$__autoenv_hpc_found}
        if [[ -n $__autoenv_hpc_active ]]; then __autoenv_hpc_leave; fi
        ;;
    (on)
        __autoenv_hpc_off=
        if [[ -z $__autoenv_hpc_active ]]; then
            __autoenv_hpc_root= __autoenv_hpc_changed=
            __autoenv_hpc_move
        fi
        ;;
    (reload)
        __autoenv_hpc_off=
        __autoenv_hpc_move
        ;;
    esac
}

autoenv-hpc() {
    case "$#:${1-}" in
    (1:on | 1:off | 1:reload) __autoenv_hpc_switch "$1" ;;
    (*) "$__autoenv_hpc_command" "$@" ;;
    esac
}

# --- install --------------------------------------------------------------------------------

__autoenv_hpc_watch ''
typeset -ga precmd_functions chpwd_functions
if (( ! ${precmd_functions[(Ie)__autoenv_hpc_precmd]} )); then
    precmd_functions=(__autoenv_hpc_precmd "${precmd_functions[@]}")
fi
if (( ! ${chpwd_functions[(Ie)__autoenv_hpc_chpwd]} )); then
    chpwd_functions+=(__autoenv_hpc_chpwd)
fi
