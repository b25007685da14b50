# The hook for zsh. What `autoenv-hpc hook zsh` prints sources it under `emulate zsh`, which then holds
# for all functions of the hook whenever they run, and sets before:
#   __autoenv_hpc_command   the command's absolute path
#   __autoenv_hpc_ceilings  folders above which no configuration is looked for, besides home
#
# hook.common, sourced here, holds what bash and zsh do alike and describes the order of it all. Below
# is what is zsh's own: the prompt, names, and the hooks. Nothing is autoloaded (a module may have
# exported a foreign FPATH), and zsh/parameter is not needed.

builtin source "${${(%):-%x}:h}/hook.common"

__autoenv_hpc_dialect=zsh
: ${__autoenv_hpc_pending=} # lines that wait until Powerlevel10k's instant prompt is over
__autoenv_hpc_limit "$__autoenv_hpc_home" "${__autoenv_hpc_home:A}" "${__autoenv_hpc_ceilings[@]}"

# --- the prompt -----------------------------------------------------------------------------

# The emulation is what makes the options plain.
__autoenv_hpc_with_plain_options() { "$@" }

# watch TEST: the test that stands inside of `[[ ]]` before each prompt. The function that zsh calls
# is written for it: a second call would cost more than all its tests.
__autoenv_hpc_watch() {
    local file places=
    __autoenv_hpc_watched=$1
    for file in "${__autoenv_hpc_nearer[@]}"; do places+=" || -f ${(qq)file}"; done
    builtin eval "__autoenv_hpc_precmd() {
        if [[ \$PWD != \$__autoenv_hpc_pwd || -n \$__autoenv_hpc_pending$places ]]; then
            __autoenv_hpc_print_pending
            __autoenv_hpc_on_change ''
        elif [[ ${1:-0 -ne 0} ]]; then
            __autoenv_hpc_on_change watched
        fi
        return 0 # zsh keeps the user's status over its hooks
    }"
}

__autoenv_hpc_chpwd() {
    # `(cd elsewhere && …)` is no move of this shell
    if (( ZSH_SUBSHELL == 0 )) && [[ -n $__autoenv_hpc_pwd ]]; then __autoenv_hpc_precmd; fi
    return 0
}

__autoenv_hpc_print() {
    if [[ -n ${__p9k_instant_prompt_active-} ]]; then
        __autoenv_hpc_pending+=$1$'\n'
    else
        print -ru2 -- "$1"
    fi
}

__autoenv_hpc_print_pending() {
    if [[ -n $__autoenv_hpc_pending && -z ${__p9k_instant_prompt_active-} ]]; then
        print -nru2 -- "$__autoenv_hpc_pending"
        __autoenv_hpc_pending=
    fi
}

# --- files ----------------------------------------------------------------------------------

# Without zsh/system, which may not be had, zsh reads byte by byte.
if zmodload -F zsh/system b:sysread b:sysseek 2>/dev/null; then
    __autoenv_hpc_is_whole() {
        local __autoenv_hpc_text
        { \builtin sysseek -w end -- -25 && \builtin sysread __autoenv_hpc_text } <$1
        [[ $__autoenv_hpc_text == *$'\n# autoenv-hpc: the end\n' ]]
    }
    __autoenv_hpc_read_file() {
        __autoenv_hpc_text=
        \builtin sysread -s $2 __autoenv_hpc_text <$1 || (( $? == 5 )) # nothing is left to read
    }
else
    __autoenv_hpc_is_whole() { [[ $(<$1) == *$'\n# autoenv-hpc: the end' ]] }
    __autoenv_hpc_read_file() {
        local __autoenv_hpc_part
        __autoenv_hpc_text=
        while IFS= \builtin read -r -d '' __autoenv_hpc_part; do
            __autoenv_hpc_text+=$__autoenv_hpc_part$'\0'
        done <$1
        __autoenv_hpc_text+=$__autoenv_hpc_part
    }
fi

# same_texts SIZE TEXTS FILE…: whether the files hold what TEXTS holds, in so many bytes, with a NUL
# between two.
__autoenv_hpc_same_texts() {
    local __autoenv_hpc_text __autoenv_hpc_file __autoenv_hpc_found=
    for __autoenv_hpc_file in "${@[3,-1]}"; do
        __autoenv_hpc_read_file $__autoenv_hpc_file $(( $1 + 1 )) || return 1
        __autoenv_hpc_found+=$__autoenv_hpc_text$'\0'
    done
    __autoenv_hpc_read_file $2 $(( $1 + 1 )) && [[ $__autoenv_hpc_found == "$__autoenv_hpc_text"$'\0' ]]
} 2>/dev/null

# --- names ----------------------------------------------------------------------------------

# Sets `line` of the caller.
__autoenv_hpc_read_alias() {
    __autoenv_hpc_line=
    if builtin alias -- $1 >/dev/null; then __autoenv_hpc_line=$(builtin alias -L -- $1); fi
}

# completion COMMAND LINE: bash's own; nothing to do in zsh.
__autoenv_hpc_completion() { :; }

# shelve NAME…: hides variables that are set but not exported until the project is left. What the user
# sets meanwhile stays. Those that zsh ties to an array (MANPATH and the like) are always set.
__autoenv_hpc_shelve() {
    local __autoenv_hpc_variable __autoenv_hpc_line
    for __autoenv_hpc_variable; do
        if (( ${(P)+__autoenv_hpc_variable} )) && [[ ${(Pt)__autoenv_hpc_variable} != *export* ]] &&
            [[ ${(Pt)__autoenv_hpc_variable}/${(P)__autoenv_hpc_variable} != *special*/ ]]; then
            if [[ ${(Pt)__autoenv_hpc_variable} == *special* ]]; then
                __autoenv_hpc_line="typeset -g +x $__autoenv_hpc_variable=${(qq)${(P)__autoenv_hpc_variable}}"
            else
                __autoenv_hpc_line=$(typeset -p $__autoenv_hpc_variable)
                __autoenv_hpc_line="(( \${+$__autoenv_hpc_variable} )) || typeset -g ${__autoenv_hpc_line#typeset }"
                unset $__autoenv_hpc_variable
            fi
            __autoenv_hpc_undo+=("$__autoenv_hpc_line")
        fi
    done
}

__autoenv_hpc_is_exported() {
    [[ ${(Pt)1} == *export* ]]
}

# What a bin/activate saved for its `deactivate` is not exported; the command must see it.
__autoenv_hpc_export_saved() {
    typeset -gxm '_OLD_VIRTUAL_*' '_OLD_PKG_*'
}

# unset NAME…: as unset(1), but a special parameter keeps its special meaning.
__autoenv_hpc_unset() {
    local __autoenv_hpc_variable
    for __autoenv_hpc_variable; do
        if [[ ${(Pt)__autoenv_hpc_variable} == *special* ]]; then # "tied" is not in older versions
            typeset -g +x $__autoenv_hpc_variable
            set -A ${(L)__autoenv_hpc_variable} # the array that it is tied to
        else
            unset $__autoenv_hpc_variable
        fi
    done
}

# read_only NAME…: status 0 if one of them is read-only here; sets `__autoenv_hpc_fixed` to it.
__autoenv_hpc_read_only() {
    for __autoenv_hpc_fixed; do
        if [[ ${(Pt)__autoenv_hpc_fixed} == *readonly* ]]; then return 0; fi
    done
    return 1
}

# is_typed NAME…: status 0 if one of them is exported but no plain text, which values of the project
# would not survive; sets `__autoenv_hpc_fixed` to it.
__autoenv_hpc_is_typed() {
    for __autoenv_hpc_fixed; do
        if [[ ${(Pt)__autoenv_hpc_fixed} == *export* && ${(Pt)__autoenv_hpc_fixed} != scalar(|-tied)-export* ]]; then
            return 0
        fi
    done
    return 1
}

# --- the hooks ------------------------------------------------------------------------------

__autoenv_hpc_watch ''
typeset -ga precmd_functions chpwd_functions
if (( ! ${precmd_functions[(Ie)__autoenv_hpc_precmd]} )); then
    precmd_functions=(__autoenv_hpc_precmd "${precmd_functions[@]}")
fi
if (( ! ${chpwd_functions[(Ie)__autoenv_hpc_chpwd]} )); then
    chpwd_functions+=(__autoenv_hpc_chpwd)
fi
