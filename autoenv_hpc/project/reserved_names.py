"""The variables that a configuration cannot set, since a shell or a tool acts on them."""

from autoenv_hpc.environment import SHELL_OWN

_OWN = "each shell maintains its own"
_ACTS = "a shell acts on it as soon as it is set"
_TOOL = "the module tool maintains it"

# bash(1), Shell Variables; zshparam(1), zshmodules(1); fish's documentation, Special variables.
# BASH_ENV, ENV and LD_PRELOAD act on what is started, not on the shell, so they are allowed.
_BASH = (
    "BASH IFS PS0 PS1 PS2 PS3 PS4 UID EUID PPID BASHPID GROUPS DIRSTACK FUNCNAME LINENO RANDOM"
    " SECONDS SRANDOM EPOCHREALTIME EPOCHSECONDS PROMPT_COMMAND PROMPT_DIRTRIM HOME CHILD_MAX"
    " COPROC"
    " COMPREPLY COMP_CWORD COMP_KEY COMP_LINE COMP_POINT COMP_TYPE COMP_WORDBREAKS COMP_WORDS"
    " EXECIGNORE FIGNORE FUNCNEST GLOBIGNORE GLOBSORT HISTCMD HISTCONTROL HISTFILE HISTFILESIZE"
    " HISTIGNORE HISTSIZE HISTTIMEFORMAT HOSTFILE IGNOREEOF MAIL MAILCHECK MAILPATH MAPFILE OPTARG"
    " OPTERR OPTIND PIPESTATUS READLINE_ARGUMENT READLINE_LINE READLINE_MARK READLINE_POINT REPLY"
    " TIMEFORMAT TMOUT auto_resume histchars"
)
_ZSH = (
    "ARGC EGID ERRNO GID HISTCHARS HISTNO HISTORY_IGNORE KEYBOARD_HACK KEYTIMEOUT KEYMAP LISTMAX"
    " LOGCHECK MATCH MBEGIN MEND MODULE_PATH NULLCMD POSTEDIT PROMPT PROMPT2 PROMPT3 PROMPT4"
    " PROMPT_EOL_MARK PSVAR READNULLCMD REPORTMEMORY REPORTTIME RPROMPT RPROMPT2 RPS1 RPS2 SAVEHIST"
    " SPROMPT STTY TIMEFMT TRY_BLOCK_ERROR TRY_BLOCK_INTERRUPT TTY TTYIDLE USERNAME WATCH WATCHFMT"
    " WORDCHARS ZBEEP ZDOTDIR aliases argv builtins cdpath chpwd_functions commands"
    " dis_aliases dis_builtins dis_functions dis_functions_source dis_galiases dis_patchars"
    " dis_reswords dis_saliases dirstack epochtime errnos fignore fpath funcfiletrace"
    " funcsourcetrace funcstack functions functions_source functrace galiases history historywords"
    " jobdirs jobstates jobtexts keymaps langinfo mailpath manpath mapfile match mbegin mend"
    " module_path modules nameddirs options parameters patchars path periodic_functions pipestatus"
    " precmd_functions preexec_functions prompt psvar reply reswords saliases signals status"
    " sysparams termcap terminfo userdirs usergroups watch widgets zshaddhistory_functions"
    " zshexit_functions"
)
_FISH = (
    "CMD_DURATION FISH_VERSION dirnext dirprev fish_pid history hostname pipestatus status"
    " status_generation umask version"
)

RESERVED = {
    **dict.fromkeys(f"{_BASH} {_ZSH} {_FISH}".split(), _ACTS),
    **dict.fromkeys(SHELL_OWN, _OWN),
    **dict.fromkeys(("LOADEDMODULES", "_LMFILES_", "LMOD_CMD", "MODULES_CMD"), _TOOL),
    "MODULEPATH": "write module-paths = […] instead",
    "VIRTUAL_ENV": "write [venv] path instead",
    "VIRTUAL_ENV_PROMPT": "write [venv] prompt instead",
    "CONDA_PREFIX": "write [venv] path instead",
}
# The beginnings of further names.
_FAMILIES = {
    "AUTOENV_HPC_": "it is reserved",
    "__autoenv_hpc_": "it is reserved",
    "__LMOD_": _TOOL,
    "__MODULES_": _TOOL,
    "BASH_": _ACTS,
    "fish_": _ACTS,
    "__fish_": _ACTS,
    "ZLE_": _ACTS,
    "zle_": _ACTS,
    "ZSH_": _ACTS,
    "zsh_": _ACTS,
}
PATTERN = f"^(?!(?!BASH_ENV$)(?:{'|'.join(_FAMILIES)}))[A-Za-z_][A-Za-z0-9_]*$"


def reason(name: str) -> str | None:
    """Why a configuration cannot set a variable; None if it can."""
    if name == "BASH_ENV":
        return None
    family = next((text for start, text in _FAMILIES.items() if name.startswith(start)), None)
    return RESERVED.get(name, family)
