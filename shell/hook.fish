# The hook for fish. What `autoenv-hpc hook fish` prints sources it and sets before:
#   __autoenv_hpc_command   the command's absolute path
#   __autoenv_hpc_ceilings  folders above which no configuration is looked for, besides home
#
# The order is that of hook.common, which does the same in bash and zsh and describes it: start, find,
# move, enter and leave, the protocol, what the user calls. The test before each prompt comes first.

# Activations and answers of another number are not for this hook (docs/reference/protocol.md).
set -g __autoenv_hpc_protocol 2

set -g __autoenv_hpc_home ~ # a job without HOME gets what the password database says
set -g __autoenv_hpc_cache "$AUTOENV_HPC_CACHE_DIR"
if test -z "$__autoenv_hpc_cache"
    set -g __autoenv_hpc_cache "$XDG_CACHE_HOME"
    string match -q '/*' -- "$__autoenv_hpc_cache"; or set -g __autoenv_hpc_cache "$__autoenv_hpc_home/.cache"
    set -g __autoenv_hpc_cache $__autoenv_hpc_cache/autoenv-hpc
end
set -g __autoenv_hpc_limits # folders above which `find` does not go
for __autoenv_hpc_limit in $__autoenv_hpc_home (builtin realpath -- $__autoenv_hpc_home 2>/dev/null | string collect) $__autoenv_hpc_ceilings
    set -a __autoenv_hpc_limits (string trim -r -c / -- "$__autoenv_hpc_limit" | string collect)/
end
set -e __autoenv_hpc_limit
set -g __autoenv_hpc_pwd # the working directory at the last change; a new shell has none
set -g __autoenv_hpc_root # the project that governed it, active or not
set -q __autoenv_hpc_off; or set -g __autoenv_hpc_off # the project that the user took out by hand
set -g __autoenv_hpc_asking # set while the command is asked in an active project
set -q __autoenv_hpc_active; or set -g __autoenv_hpc_active # the project that is active in this shell
set -g __autoenv_hpc_watched # the test that the active project wants before each prompt
set -g __autoenv_hpc_nearest # what `find` found
set -g __autoenv_hpc_nearer # configurations that would govern if they appeared

# --- the prompt -----------------------------------------------------------------------------

function __autoenv_hpc_prompt --on-event fish_prompt --on-variable PWD
    set -l __autoenv_hpc_status $status
    # fish runs `(cd elsewhere; …)` in this very process, and goes back itself
    if not status is-command-substitution
        __autoenv_hpc_check
    end
    return $__autoenv_hpc_status
end

# watch TEST…: the test that stands behind `test` before each prompt. A function is written for it, so
# that an idle prompt runs no loop.
function __autoenv_hpc_watch
    set -g __autoenv_hpc_watched $argv
    set -l places
    for file in $__autoenv_hpc_nearer
        set -a places -o -f (string escape -- $file | string collect)
    end
    builtin eval "function __autoenv_hpc_check
        if test \"\$PWD\" != \"\$__autoenv_hpc_pwd\" $places
            __autoenv_hpc_on_change ''
        else if test $argv
            __autoenv_hpc_on_change watched
        end
    end"
end

# --- find -----------------------------------------------------------------------------------

# Sets `nearest` and `nearer`; the rule stands in hook.common.
function __autoenv_hpc_find
    set -l folder "$PWD"
    set -g __autoenv_hpc_nearest ''
    set -g __autoenv_hpc_nearer
    while string match -q -- '/?*' "$folder"
        for limit in $__autoenv_hpc_limits
            if test "$limit" != "$folder/"; and __autoenv_hpc_below "$limit" "$folder"
                return 0
            end
        end
        if test -f "$folder/.hpcenv.toml"
            set -g __autoenv_hpc_nearest "$folder"
            return 0
        end
        set -a __autoenv_hpc_nearer "$folder/.hpcenv.toml"
        # A link may have led into home; above it stands what is above the link.
        test "$folder" -ef $__autoenv_hpc_home; and return 0
        # a named group, as a name may hold a newline that a substitution would lose
        string match -qr '(?s)^(?<folder>.*)/' -- "$folder"
    end
end

# Whether a path is a folder or lies below it.
function __autoenv_hpc_below -a path folder
    # Substitutions cost ten times as much as `string match`, for which these characters have a meaning.
    if string match -qr '[*?[\\\\]' -- "$folder"
        test (string sub -l (string length -- "$folder/") -- "$path/" | string collect) = "$folder/"
    else
        string match -q -- "$folder/*" "$path/"
    end
end

# --- move -----------------------------------------------------------------------------------

# on_change REASON: `watched` if a watched file changed, else empty.
function __autoenv_hpc_on_change -a __autoenv_hpc_reason
    if set -q AUTOENV_HPC_DISABLE; and not contains -- "$AUTOENV_HPC_DISABLE" 0 ''
        return 0
    end
    if test -n "$__autoenv_hpc_asking" # Ctrl-C ended the last attempt
        set -g __autoenv_hpc_asking
        __autoenv_hpc_watch ''
        if test "$PWD" = "$__autoenv_hpc_pwd"
            __autoenv_hpc_is_within; or __autoenv_hpc_say_stays
            return 0
        end
    end
    __autoenv_hpc_find
    if test -n "$__autoenv_hpc_off"
        if not __autoenv_hpc_below "$PWD" "$__autoenv_hpc_off"
            set -g __autoenv_hpc_off
        else if test "$__autoenv_hpc_nearest" = "$__autoenv_hpc_off"
            set -g __autoenv_hpc_nearest ''
        end
    end
    __autoenv_hpc_switch_project "$__autoenv_hpc_reason"
end

# switch_project REASON: leaves the active project and enters the nearest one, where they differ.
# REASON is `watched`, `fresh` (compile again, whatever is stored) or empty.
function __autoenv_hpc_switch_project -a __autoenv_hpc_reason
    set -l __autoenv_hpc_is_same
    # A project that could not be left is left at the next change.
    if test -z "$__autoenv_hpc_reason" -a -n "$__autoenv_hpc_pwd" -a "$__autoenv_hpc_nearest" = "$__autoenv_hpc_root"; and __autoenv_hpc_is_within
        set __autoenv_hpc_is_same 1
    end
    # Noted before the attempt: what fails, or is interrupted, must not be tried at each prompt.
    set -g __autoenv_hpc_pwd "$PWD"
    set -g __autoenv_hpc_root "$__autoenv_hpc_nearest"
    if test -n "$__autoenv_hpc_is_same"
        __autoenv_hpc_watch "$__autoenv_hpc_watched"
        return 0
    end
    __autoenv_hpc_watch ''
    if not __autoenv_hpc_is_within
        __autoenv_hpc_leave; or return 0
    else if test -z "$__autoenv_hpc_active" -a -z "$__autoenv_hpc_root" -a -n "$AUTOENV_HPC_STATE"
        __autoenv_hpc_ask leave ''
    end
    test -n "$__autoenv_hpc_root"; or return 0
    if test "$__autoenv_hpc_root" = "$__autoenv_hpc_active" -o "$__autoenv_hpc_reason" = fresh; or not __autoenv_hpc_replay
        test -n "$__autoenv_hpc_reason"; or set __autoenv_hpc_reason look
        __autoenv_hpc_ask $__autoenv_hpc_reason "$__autoenv_hpc_root"
        __autoenv_hpc_is_within; or __autoenv_hpc_say_stays
    end
end

# Whether no project is active here, or one that the nearest one is, or lies in.
function __autoenv_hpc_is_within
    test -z "$__autoenv_hpc_active"; and return 0
    test -n "$__autoenv_hpc_root"; and __autoenv_hpc_below "$__autoenv_hpc_root" "$__autoenv_hpc_active"
end

function __autoenv_hpc_say_stays
    echo "autoenv-hpc: $__autoenv_hpc_name is still active, as it could not be left; the next change of directory tries again" >&2
end

# --- enter and leave ------------------------------------------------------------------------

# Enters by a stored activation, or takes over what this shell inherited. Status 1: none fits.
function __autoenv_hpc_replay
    set -l __autoenv_hpc_folder "$__autoenv_hpc_cache/activations$__autoenv_hpc_root"
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
        # Only the owner can set a file's time: one that others have written is not as old as the seal.
        if test ! -O "$__autoenv_hpc_file"; or test "$__autoenv_hpc_file" -nt "$__autoenv_hpc_seal"; or test "$__autoenv_hpc_file" -ot "$__autoenv_hpc_seal"
            continue
        end
        # A crash, a quota or a full disk may have cut it.
        string match -q '# autoenv-hpc: the end' <"$__autoenv_hpc_file"; or continue
        # `return` in an activation that fits ends this function too.
        test -z "$AUTOENV_HPC_DEBUG"; or echo "autoenv-hpc: debug: tries $__autoenv_hpc_file" >&2
        builtin source "$__autoenv_hpc_file" $__autoenv_hpc_mode; and return 0
    end
    return 1
end

# Leaves by the way back that the activation left here, or asks. Status 1: the project is active still.
function __autoenv_hpc_leave
    # An environment that the user has activated inside stays, and so does its `deactivate`.
    set -l __autoenv_hpc_keep
    test -z "$VIRTUAL_ENV" -o "$VIRTUAL_ENV" = "$__autoenv_hpc_venv"; or set __autoenv_hpc_keep keep-deactivate
    if __autoenv_hpc_leave_active
        __autoenv_hpc_end $__autoenv_hpc_keep
        __autoenv_hpc_say "left $__autoenv_hpc_name"
    else
        __autoenv_hpc_ask leave ''
    end
    test -z "$__autoenv_hpc_active"; and return 0
    __autoenv_hpc_say_stays
    return 1
end

# ask WHAT ROOT: evaluates what the command answers.
function __autoenv_hpc_ask
    test -x "$__autoenv_hpc_command"; or return 0
    if test -n "$__autoenv_hpc_active"
        # Ctrl-C would end this function too; the next prompt must notice it.
        set -g __autoenv_hpc_asking 1
        __autoenv_hpc_watch 1 -ne 0
    end
    # Which of the two does `module` call?
    set -lx AUTOENV_HPC_MODULE (set -q LMOD_CMD MODULES_CMD; and functions module _module_raw 2>/dev/null | string collect)
    set -l __autoenv_hpc_code ($__autoenv_hpc_command __shell $__autoenv_hpc_protocol fish $argv "$__autoenv_hpc_active" fine </dev/null | string collect -N)
    if string match -q -- "# autoenv-hpc answer, protocol $__autoenv_hpc_protocol"\n'*' "$__autoenv_hpc_code"
        builtin eval "$__autoenv_hpc_code"
    else if test -n "$__autoenv_hpc_code"
        # The command speaks another protocol: from now on nothing is entered, and nothing is asked.
        echo 'autoenv-hpc: another version was installed while this shell was open; start a new shell to use it' >&2
        set -g __autoenv_hpc_cache
        function __autoenv_hpc_ask
        end
    end
    set -g __autoenv_hpc_asking
    test "$__autoenv_hpc_watched" = '1 -ne 0'; and __autoenv_hpc_watch ''
    return 0
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

# begin ROOT NAME PREFIX [OUTER…]: the part of an activation that no variable carries.
function __autoenv_hpc_begin -a root name prefix
    set -g __autoenv_hpc_active "$root"
    set -g __autoenv_hpc_name "$name"
    set -g __autoenv_hpc_venv "$VIRTUAL_ENV"
    # `sbatch --export=NONE` sets it, and srun would then hand nothing of the environment to its ranks.
    # The setting is exported, so that a nested shell can give it back.
    if set -q SLURM_EXPORT_ENV; and test "$SLURM_EXPORT_ENV" != ALL
        set -gx AUTOENV_HPC_SLURM_EXPORT_ENV "$SLURM_EXPORT_ENV"
        set -gx SLURM_EXPORT_ENV ALL
    end
    if functions -q deactivate
        __autoenv_hpc_rename deactivate __autoenv_hpc_user_deactivate
        if set -q argv[4]; and functions -q pydoc # of that environment's script
            __autoenv_hpc_function pydoc
        end
    end
    function deactivate
        # `nondestructive`: another environment's activate.fish makes room for itself
        test "$argv[1]" = nondestructive; or __autoenv_hpc_switch off
    end
    if test -z "$VIRTUAL_ENV_DISABLE_PROMPT" -a -n "$prefix"; and functions -q fish_prompt
        set -g __autoenv_hpc_prefix "$prefix"
        __autoenv_hpc_rename fish_prompt __autoenv_hpc_user_prompt
        set -g __autoenv_hpc_bare_prompt __autoenv_hpc_user_prompt
        if set -q argv[4]; and functions -q _old_fish_prompt # of an environment that we deactivated
            __autoenv_hpc_rename _old_fish_prompt __autoenv_hpc_old_prompt
            set -g __autoenv_hpc_bare_prompt __autoenv_hpc_old_prompt
        end
        function fish_prompt
            set -l __autoenv_hpc_status $status
            printf %s "$__autoenv_hpc_prefix"
            __autoenv_hpc_return $__autoenv_hpc_status
            $__autoenv_hpc_bare_prompt
        end
    end
end

function __autoenv_hpc_rename -a old new
    functions -e $new
    functions -c $old $new
    functions -e $old
end

function __autoenv_hpc_return -a code
    return $code
end

# end [keep-deactivate | drop-deactivate | '']: takes back what `begin` and the functions below did; the
# variables are back already. With `keep-deactivate`, an environment that the user has activated
# inside stays; with `drop-deactivate`, what an activate.fish did goes too, as it was that of the
# project's own environment.
function __autoenv_hpc_end -a keep
    set -g __autoenv_hpc_active
    if set -q AUTOENV_HPC_SLURM_EXPORT_ENV
        test "$SLURM_EXPORT_ENV" = ALL; and set -gx SLURM_EXPORT_ENV "$AUTOENV_HPC_SLURM_EXPORT_ENV"
        set -e AUTOENV_HPC_SLURM_EXPORT_ENV
    end
    if test "$keep" != keep-deactivate
        functions -e deactivate
        test "$keep" = drop-deactivate; and functions -e pydoc
        if functions -q __autoenv_hpc_user_deactivate
            functions -c __autoenv_hpc_user_deactivate deactivate
        end
    end
    functions -e __autoenv_hpc_user_deactivate
    if functions -q __autoenv_hpc_user_prompt
        __autoenv_hpc_end_prompt "$keep"
    end
    __autoenv_hpc_end_functions $__autoenv_hpc_functions
    __autoenv_hpc_end_variables
    set -q __autoenv_hpc_umask; and umask $__autoenv_hpc_umask
    while set -q __autoenv_hpc_ulimits[2]
        ulimit -S $__autoenv_hpc_ulimits[1..2]
        set -e __autoenv_hpc_ulimits[1..2]
    end
    set -eg __autoenv_hpc_functions __autoenv_hpc_universal __autoenv_hpc_hidden_variables
    set -eg __autoenv_hpc_umask __autoenv_hpc_ulimits __autoenv_hpc_prefix __autoenv_hpc_bare_prompt __autoenv_hpc_venv
    functions -e __autoenv_hpc_leave_active
end

function __autoenv_hpc_end_prompt -a keep
    set -l users __autoenv_hpc_user_prompt
    if test "$keep" = keep-deactivate
        set users $__autoenv_hpc_bare_prompt # as if the user had activated the environment out here
    else if test "$keep" = drop-deactivate; and functions -q _old_fish_prompt
        __autoenv_hpc_rename _old_fish_prompt fish_prompt
    end
    # a prompt that the user defined inside stays, but where it calls a copy of ours, it calls the user's
    set -l names
    set -l ours fish_prompt
    if not __autoenv_hpc_is_ours fish_prompt
        set names (functions -a -n | string split ', ' | string match '*fish_prompt*')
        set ours
        for name in $names
            __autoenv_hpc_is_ours $name; and set -a ours $name
        end
    end
    for name in $ours
        functions -e $name
        functions -c $users $name
    end
    functions -e __autoenv_hpc_user_prompt
    if functions -q __autoenv_hpc_old_prompt
        test "$keep" = keep-deactivate; or __autoenv_hpc_rename __autoenv_hpc_old_prompt _old_fish_prompt
        functions -e __autoenv_hpc_old_prompt
    end
end

function __autoenv_hpc_is_ours -a name
    string match -q -- '*$__autoenv_hpc_bare_prompt*' (functions --no-details $name | string collect)
end

function __autoenv_hpc_end_functions
    for name in $argv
        functions -e -- $name
        if functions -q __autoenv_hpc_user_function_$name
            functions -c __autoenv_hpc_user_function_$name $name
            functions -e __autoenv_hpc_user_function_$name
        end
    end
end

# What `shadow` and `shelve` noted.
function __autoenv_hpc_end_variables
    for __autoenv_hpc_variable in $__autoenv_hpc_universal
        set -eg $__autoenv_hpc_variable
    end
    for __autoenv_hpc_variable in $__autoenv_hpc_hidden_variables
        set -l __autoenv_hpc_values __autoenv_hpc_hidden_$__autoenv_hpc_variable
        set -g --unexport $__autoenv_hpc_variable $$__autoenv_hpc_values
        set -eg $__autoenv_hpc_values
    end
end

# alias NAME [TEXT]: a simple alias of a modulefile; in fish an alias is a function.
function __autoenv_hpc_alias -a name text
    __autoenv_hpc_function $name
    if set -q argv[2]
        builtin eval "function $name --wraps "(string escape -- $text)"; $text \$argv; end"
    end
end

# function NAME: hides the user's function of that name until the project is left.
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

# set_limit LETTER VALUE: a soft limit, in the units of bash's ulimit. A hard one could not be raised again.
function __autoenv_hpc_set_limit -a letter value
    set -ga __autoenv_hpc_ulimits -$letter (ulimit -S -$letter)
    ulimit -S -$letter $value
end

# shelve NAME…: hides variables that are set but not exported until the project is left.
function __autoenv_hpc_shelve
    for __autoenv_hpc_variable in $argv
        if set -qg $__autoenv_hpc_variable; and not set -qgx $__autoenv_hpc_variable
            set -ga __autoenv_hpc_hidden_variables $__autoenv_hpc_variable
            set -g __autoenv_hpc_hidden_$__autoenv_hpc_variable $$__autoenv_hpc_variable
            set -eg $__autoenv_hpc_variable
        end
    end
end

# shadow NAME…: a global variable that hides a universal one is erased when the project is left.
function __autoenv_hpc_shadow
    for __autoenv_hpc_variable in $argv
        if not set -qg $__autoenv_hpc_variable; and set -qU $__autoenv_hpc_variable
            set -ga __autoenv_hpc_universal $__autoenv_hpc_variable
        end
    end
end

# --- what the user calls --------------------------------------------------------------------

function __autoenv_hpc_switch -a __autoenv_hpc_what
    __autoenv_hpc_find
    switch $__autoenv_hpc_what
        case off
            set -g __autoenv_hpc_off "$__autoenv_hpc_active"
            test -n "$__autoenv_hpc_off"; or set -g __autoenv_hpc_off "$__autoenv_hpc_nearest"
            test -z "$__autoenv_hpc_active"; or __autoenv_hpc_leave
        case on
            set -g __autoenv_hpc_off
            if test -z "$__autoenv_hpc_active"
                set -g __autoenv_hpc_root
                __autoenv_hpc_switch_project ''
            end
        case reload
            set -g __autoenv_hpc_off
            __autoenv_hpc_switch_project fresh
    end
end

function autoenv-hpc
    if contains -- "$argv" on off reload
        __autoenv_hpc_switch $argv[1]
    else if contains -- "$argv[1]" allow init status
        set -lx AUTOENV_HPC_HOOK "fish:$__autoenv_hpc_off"
        $__autoenv_hpc_command $argv
    else
        $__autoenv_hpc_command $argv
    end
end

__autoenv_hpc_watch ''
