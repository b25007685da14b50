# autoenv-hpc in fish: brings a project's environment in and takes it out.
#
# Sourced by what `autoenv-hpc hook fish` prints, which sets before:
#   __autoenv_hpc_command   the command's absolute path
#   __autoenv_hpc_ceilings  folders above which no configuration is looked for, besides home
#
# Find, check, apply and undo happen here, without a process; whatever does not match exactly is
# handed to the command, whose answer is shell code that calls the functions below.

set -g __autoenv_hpc_cache "$AUTOENV_HPC_CACHE_DIR"
if test -z "$__autoenv_hpc_cache"
    set -g __autoenv_hpc_cache "$XDG_CACHE_HOME"
    string match -q '/*' -- "$__autoenv_hpc_cache"; or set -g __autoenv_hpc_cache "$HOME/.cache"
    set -g __autoenv_hpc_cache $__autoenv_hpc_cache/autoenv-hpc
end
set -ga __autoenv_hpc_ceilings "$HOME"
set -g __autoenv_hpc_protocol 2
set -g __autoenv_hpc_pwd # the directory of the last look; a new shell always looks once
set -g __autoenv_hpc_root # the project that the last look came to, active or not
set -g __autoenv_hpc_off # the project that the user took out by hand
set -q __autoenv_hpc_active; or set -g __autoenv_hpc_active # the project that is in this shell

set -g __autoenv_hpc_watched # the test that is made before each prompt
# The nearer places where no configuration is; one that appears governs.
set -g __autoenv_hpc_nearer

# --- the prompt -----------------------------------------------------------------------------

function __autoenv_hpc_prompt --on-event fish_prompt --on-variable PWD
    set -l __autoenv_hpc_status $status
    # fish runs `(cd elsewhere; …)` in this very process, and goes back itself
    if not status is-command-substitution
        __autoenv_hpc_tick
    end
    return $__autoenv_hpc_status
end

# watch TEST…: what is looked at before each prompt, as it stands behind `test`. A function is
# written for it, so that an idle prompt runs no loop.
function __autoenv_hpc_watch
    set -g __autoenv_hpc_watched $argv
    set -l places
    for file in $__autoenv_hpc_nearer
        set -a places -o -f (string escape -- $file | string collect)
    end
    builtin eval "function __autoenv_hpc_tick
        if test \"\$PWD\" != \"\$__autoenv_hpc_pwd\" $places
            __autoenv_hpc_look ''
        else if test $argv
            __autoenv_hpc_look watched
        end
    end"
end

# --- find -----------------------------------------------------------------------------------

# Sets `found` and `passed` of the caller.
function __autoenv_hpc_find --no-scope-shadowing
    set -l __autoenv_hpc_folder "$PWD"
    set __autoenv_hpc_found ''
    set __autoenv_hpc_passed
    while string match -q -- '/?*' "$__autoenv_hpc_folder"
        for __autoenv_hpc_ceiling in $__autoenv_hpc_ceilings
            if test "$__autoenv_hpc_ceiling" != "$__autoenv_hpc_folder"
                and __autoenv_hpc_below "$__autoenv_hpc_ceiling" "$__autoenv_hpc_folder"
                return 0
            end
        end
        if test -f "$__autoenv_hpc_folder/.hpcenv.toml"
            set __autoenv_hpc_found "$__autoenv_hpc_folder"
            return 0
        end
        set -a __autoenv_hpc_passed "$__autoenv_hpc_folder/.hpcenv.toml"
        # a named group, as a name may hold a newline that a substitution would lose
        string match -qr '(?s)^(?<__autoenv_hpc_folder>.*)/' -- "$__autoenv_hpc_folder"
    end
end

# Whether a path is a folder or lies below it.
function __autoenv_hpc_below -a path folder
    test (string sub -l (string length -- "$folder/") -- "$path/" | string collect) = "$folder/"
end

function __autoenv_hpc_look -a __autoenv_hpc_changed
    if set -q AUTOENV_HPC_DISABLE; and not contains -- "$AUTOENV_HPC_DISABLE" 0 ''
        return 0
    end
    set -l __autoenv_hpc_found
    set -l __autoenv_hpc_passed
    __autoenv_hpc_find
    if test -n "$__autoenv_hpc_off"
        if not __autoenv_hpc_below "$PWD" "$__autoenv_hpc_off"
            set -g __autoenv_hpc_off
        else if test "$__autoenv_hpc_found" = "$__autoenv_hpc_off"
            set __autoenv_hpc_found ''
        end
    end
    __autoenv_hpc_move "$__autoenv_hpc_changed" "$__autoenv_hpc_found" $__autoenv_hpc_passed
end

# Goes from what is active to what was found.
function __autoenv_hpc_move -a __autoenv_hpc_changed __autoenv_hpc_found
    set -l __autoenv_hpc_known "$__autoenv_hpc_root"
    set -l __autoenv_hpc_first "$__autoenv_hpc_pwd"
    # Noted before anything is tried: what fails, or is interrupted, is not tried at each prompt.
    set -g __autoenv_hpc_pwd "$PWD"
    set -g __autoenv_hpc_nearer $argv[3..-1]
    set -g __autoenv_hpc_root "$__autoenv_hpc_found"
    if test "$__autoenv_hpc_found" = "$__autoenv_hpc_known" -a -n "$__autoenv_hpc_first"; and not contains -- "$__autoenv_hpc_changed" watched fresh
        __autoenv_hpc_watch "$__autoenv_hpc_watched"
        return 0
    end
    __autoenv_hpc_watch ''
    if test -n "$__autoenv_hpc_active"
        if test -z "$__autoenv_hpc_found"; or not __autoenv_hpc_below "$__autoenv_hpc_found" "$__autoenv_hpc_active"
            __autoenv_hpc_leave; or return 0
        end
    else if test -z "$__autoenv_hpc_found" -a -n "$AUTOENV_HPC_STATE"
        __autoenv_hpc_ask leave ''
    end
    test -n "$__autoenv_hpc_found"; or return 0
    if test "$__autoenv_hpc_found" = "$__autoenv_hpc_active" -o "$__autoenv_hpc_changed" = fresh; or not __autoenv_hpc_replay "$__autoenv_hpc_found"
        test -n "$__autoenv_hpc_changed"; or set __autoenv_hpc_changed look
        __autoenv_hpc_ask "$__autoenv_hpc_changed" "$__autoenv_hpc_found"
    end
end

# --- enter and leave ------------------------------------------------------------------------

# Enters by a stored activation, or takes over what this shell inherited. 1: none fits.
function __autoenv_hpc_replay -a __autoenv_hpc_found
    set -l __autoenv_hpc_folder "$__autoenv_hpc_cache/activations$__autoenv_hpc_found"
    set -l __autoenv_hpc_seal "$__autoenv_hpc_cache/stamps/seal"
    set -l __autoenv_hpc_mode enter
    test -f "$__autoenv_hpc_folder/0.fish" -a -O "$__autoenv_hpc_cache"; or return 1
    if test -n "$__autoenv_hpc_active" # a project inside a project
        __autoenv_hpc_leave; or return 0
    else if test -n "$AUTOENV_HPC_STATE"
        set __autoenv_hpc_mode adopt
    end
    for __autoenv_hpc_slot in 0 1 2 3 4 5 6 7
        set -l __autoenv_hpc_file "$__autoenv_hpc_folder/$__autoenv_hpc_slot.fish"
        test -f "$__autoenv_hpc_file"; or return 1
        # A file that others may write carries another time than the one that only we can set.
        if test ! -O "$__autoenv_hpc_file"; or test "$__autoenv_hpc_file" -nt "$__autoenv_hpc_seal"; or test "$__autoenv_hpc_file" -ot "$__autoenv_hpc_seal"
            continue
        end
        builtin source "$__autoenv_hpc_file" $__autoenv_hpc_mode; and return 0
    end
    return 1
end

function __autoenv_hpc_leave
    if __autoenv_hpc_leave_active
        __autoenv_hpc_end
        __autoenv_hpc_say "left $__autoenv_hpc_name"
    else
        __autoenv_hpc_ask leave ''
    end
    test -z "$__autoenv_hpc_active"
end

function __autoenv_hpc_ask -a __autoenv_hpc_what __autoenv_hpc_found
    test -x "$__autoenv_hpc_command"; or return 0
    set -l __autoenv_hpc_code ($__autoenv_hpc_command __shell 2 fish $__autoenv_hpc_what "$__autoenv_hpc_found" "$__autoenv_hpc_active" </dev/null | string collect -N)
    builtin eval "$__autoenv_hpc_code"
end

# --- what activations and answers call ------------------------------------------------------

function __autoenv_hpc_say -a text
    test -z "$AUTOENV_HPC_QUIET"; or return 0
    if test -t 2; and test -z "$NO_COLOR" -a "$TERM" != dumb
        printf '\e[2mautoenv-hpc:\e[0m %s\n' "$text" >&2
    else
        printf 'autoenv-hpc: %s\n' "$text" >&2
    end
end

# begin ROOT NAME PREFIX [OUTER…]: the part of an activation that is this shell's alone.
function __autoenv_hpc_begin -a root name prefix
    set -g __autoenv_hpc_active "$root"
    set -g __autoenv_hpc_name "$name"
    if functions -q deactivate
        functions -e __autoenv_hpc_user_deactivate
        functions -c deactivate __autoenv_hpc_user_deactivate
        functions -e deactivate
    end
    function deactivate
        # `nondestructive`: another environment's activate.fish makes room for itself
        test "$argv[1]" = nondestructive; or __autoenv_hpc_switch off
    end
    if test -z "$VIRTUAL_ENV_DISABLE_PROMPT" -a -n "$prefix"; and functions -q fish_prompt
        set -g __autoenv_hpc_prefix "$prefix"
        functions -e __autoenv_hpc_user_prompt
        functions -c fish_prompt __autoenv_hpc_user_prompt
        function fish_prompt
            # the user's own prompt, and what it prints of an environment that is out of the way
            set -l __autoenv_hpc_status $status
            printf %s "$__autoenv_hpc_prefix"
            __autoenv_hpc_return $__autoenv_hpc_status
            __autoenv_hpc_user_prompt
        end
    end
end

function __autoenv_hpc_return -a code
    return $code
end

# Takes back the part that is this shell's alone; the variables are back already.
function __autoenv_hpc_end -a keep
    set -g __autoenv_hpc_active
    if test "$keep" != keep-deactivate
        functions -e deactivate
        if functions -q __autoenv_hpc_user_deactivate
            functions -c __autoenv_hpc_user_deactivate deactivate
        end
    end
    functions -e __autoenv_hpc_user_deactivate
    if functions -q __autoenv_hpc_user_prompt
        # a prompt that the user defined meanwhile stays
        if string match -q -- '*__autoenv_hpc_user_prompt*' (functions --no-details fish_prompt | string collect)
            functions -e fish_prompt
            functions -c __autoenv_hpc_user_prompt fish_prompt
        end
        functions -e __autoenv_hpc_user_prompt
    end
    for __autoenv_hpc_item in $__autoenv_hpc_functions
        functions -e -- $__autoenv_hpc_item
        if functions -q __autoenv_hpc_user_function_$__autoenv_hpc_item
            functions -c __autoenv_hpc_user_function_$__autoenv_hpc_item $__autoenv_hpc_item
            functions -e __autoenv_hpc_user_function_$__autoenv_hpc_item
        end
    end
    for __autoenv_hpc_item in $__autoenv_hpc_universal
        set -eg $__autoenv_hpc_item
    end
    for __autoenv_hpc_item in $__autoenv_hpc_shelf_names
        set -l __autoenv_hpc_values __autoenv_hpc_shelf_$__autoenv_hpc_item
        set -g --unexport $__autoenv_hpc_item $$__autoenv_hpc_values
        set -eg $__autoenv_hpc_values
    end
    set -q __autoenv_hpc_umask; and umask $__autoenv_hpc_umask
    set -eg __autoenv_hpc_functions __autoenv_hpc_universal __autoenv_hpc_shelf_names
    set -eg __autoenv_hpc_umask __autoenv_hpc_prefix
    functions -e __autoenv_hpc_leave_active
end

# alias NAME TEXT: a simple alias of a modulefile; in fish an alias is a function.
function __autoenv_hpc_alias -a name text
    __autoenv_hpc_function $name
    if set -q argv[2]
        builtin eval "function $name --wraps "(string escape -- $text)"; $text \$argv; end"
    end
end

# function NAME: shelves the user's function of that name, until we leave.
function __autoenv_hpc_function -a name
    if functions -q -- $name
        functions -e __autoenv_hpc_user_function_$name
        functions -c $name __autoenv_hpc_user_function_$name
        functions -e -- $name
    end
    set -ga __autoenv_hpc_functions $name
end

function __autoenv_hpc_set_umask -a mask
    set -g __autoenv_hpc_umask (umask)
    umask $mask
end

# shelve NAME…: variables that are not exported but set here are put away until we leave.
function __autoenv_hpc_shelve
    for __autoenv_hpc_variable in $argv
        if set -qg $__autoenv_hpc_variable; and not set -qgx $__autoenv_hpc_variable
            set -ga __autoenv_hpc_shelf_names $__autoenv_hpc_variable
            set -g __autoenv_hpc_shelf_$__autoenv_hpc_variable $$__autoenv_hpc_variable
            set -eg $__autoenv_hpc_variable
        end
    end
end

# A universal variable must not stay behind a global one that we leave.
function __autoenv_hpc_shadow
    for __autoenv_hpc_variable in $argv
        if not set -qg $__autoenv_hpc_variable; and set -qU $__autoenv_hpc_variable
            set -ga __autoenv_hpc_universal $__autoenv_hpc_variable
        end
    end
end

# --- what the user calls --------------------------------------------------------------------

function __autoenv_hpc_switch -a __autoenv_hpc_what
    set -l __autoenv_hpc_found
    set -l __autoenv_hpc_passed
    __autoenv_hpc_find
    switch $__autoenv_hpc_what
        case off
            set -g __autoenv_hpc_off "$__autoenv_hpc_active"
            test -n "$__autoenv_hpc_off"; or set -g __autoenv_hpc_off "$__autoenv_hpc_found"
            test -z "$__autoenv_hpc_active"; or __autoenv_hpc_leave
        case on
            set -g __autoenv_hpc_off
            if test -z "$__autoenv_hpc_active"
                set -g __autoenv_hpc_root
                __autoenv_hpc_move '' "$__autoenv_hpc_found" $__autoenv_hpc_passed
            end
        case reload
            set -g __autoenv_hpc_off
            __autoenv_hpc_move fresh "$__autoenv_hpc_found" $__autoenv_hpc_passed
    end
end

function autoenv-hpc
    if contains -- "$argv" on off reload
        __autoenv_hpc_switch $argv[1]
    else
        $__autoenv_hpc_command $argv
    end
end

__autoenv_hpc_watch ''
