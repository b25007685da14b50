"""The examples in the help of each command, as what to type with what it does."""

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "hook": (
        ('eval "$(autoenv-hpc hook bash)"', "the line for ~/.bashrc"),
        ("autoenv-hpc hook fish | source", "the line for fish's config.fish"),
    ),
    "exec": (
        ("autoenv-hpc exec -- srun python train.py", "the line of a batch script"),
        ("autoenv-hpc exec -C ~/climate -- python -V", "the project in another folder"),
    ),
    "export": (
        ('eval "$(autoenv-hpc export)"', "activate the environment in this bash"),
        ("autoenv-hpc export > environment.sh", "for a node without this tool"),
    ),
    "shim": (
        ("autoenv-hpc shim", "python, bash and sh for an editor or a workflow engine"),
        ("autoenv-hpc shim --env py2 ~/climate-py2", "a named environment, in another folder"),
    ),
    "allow": (
        ("autoenv-hpc allow", "allow the file that applies here"),
        ("autoenv-hpc allow ~/climate", "allow another project's"),
    ),
    "deny": (
        ("autoenv-hpc deny", "deny the file that applies here"),
        ("autoenv-hpc deny ~/climate", "deny another project's"),
    ),
    "status": (
        ("autoenv-hpc status", "what is active here, or why nothing is"),
        ("autoenv-hpc status --json | jq .environment.prefix", "for a script"),
    ),
    "doctor": (
        ("autoenv-hpc doctor", "look at the project here"),
        ("autoenv-hpc doctor --script job.sh", "look at a batch script"),
    ),
    "explain": (
        ("autoenv-hpc explain LD_LIBRARY_PATH", "which module brought which entry"),
        ("autoenv-hpc explain", "a line for each variable that the project changes"),
    ),
    "init": (
        ("autoenv-hpc init --from jobs/*.sh", "with what your batch scripts load and activate"),
        ("autoenv-hpc init --from-loaded", "with what is loaded and active in this shell"),
    ),
    "add": (
        ("autoenv-hpc add SciPy-bundle/2023.07", "one more module"),
        ("autoenv-hpc add --site hpc2n GCC/12.3.0", "only on one site"),
    ),
    "remove": (
        ("autoenv-hpc remove SciPy-bundle", "whichever version it is"),
        ("autoenv-hpc remove GCC/12.3.0 OpenMPI/4.1.5", "two modules"),
    ),
    "edit": (
        ("autoenv-hpc edit", "the file that applies here"),
        ("EDITOR=nano autoenv-hpc edit -C ~/climate", "another project's, in nano"),
    ),
    "prepare": (
        ("autoenv-hpc prepare && sbatch job.sh", "build first, then submit"),
        ("autoenv-hpc prepare --env py2", "a named environment"),
    ),
    "sync": (
        ("autoenv-hpc sync", "after a change of the requirements"),
        ("autoenv-hpc sync -C ~/climate", "for another project"),
    ),
    "rebuild": (
        ("autoenv-hpc rebuild", "after a change of Python, or of the folder"),
        ("autoenv-hpc rebuild --env py2", "a named environment"),
    ),
    "freeze": (
        ("autoenv-hpc freeze", "print the pinned packages"),
        ("autoenv-hpc freeze -o requirements.txt", "write them into a file"),
    ),
    "list": (
        ("autoenv-hpc list", "all your environments"),
        ("autoenv-hpc list --json | jq -r '.[].path'", "for a script"),
    ),
    "prune": (
        ("autoenv-hpc prune --dry-run", "only show what would go"),
        ("autoenv-hpc prune --yes", "do not ask"),
    ),
    "setup": (
        ("autoenv-hpc setup", "for your login shell"),
        ("autoenv-hpc setup --shell zsh --remove", "take the line out of ~/.zshrc"),
    ),
    "on": (
        ("autoenv-hpc on", "enter the project again"),
        ("cd .. && cd -", "does the same"),
    ),
    "off": (
        ("autoenv-hpc off", "leave, but stay in the folder"),
        ("deactivate", "does the same"),
    ),
    "reload": (
        ("autoenv-hpc reload", "load the modules again"),
        ("autoenv-hpc cache clear && autoenv-hpc reload", "forget what is stored first"),
    ),
    "cache": (
        ("autoenv-hpc cache list --why", "the conditions of each stored activation"),
        ("autoenv-hpc cache clear", "remove all of them"),
    ),
    "cache list": (
        ("autoenv-hpc cache list", "one line for each"),
        ("autoenv-hpc cache list --why", "with its conditions"),
    ),
    "cache check": (
        ("autoenv-hpc cache check", "compare with real loads"),
        ("autoenv-hpc cache check && echo same", "in a script"),
    ),
    "cache clear": (
        ("autoenv-hpc cache clear", "remove all of them"),
        ("autoenv-hpc cache clear && autoenv-hpc prepare", "and compile this project again"),
    ),
    "completion": (
        ("source <(autoenv-hpc completion bash)", "in ~/.bashrc"),
        ("autoenv-hpc completion fish | source", "in config.fish"),
    ),
    "kernel": (
        ("autoenv-hpc kernel install", "the project here becomes a kernel in Jupyter"),
        ("autoenv-hpc kernel list", "which kernels belong to which projects"),
    ),
    "kernel install": (
        ("autoenv-hpc kernel install --env py2", "a named environment"),
        ("autoenv-hpc kernel install --prefix /proj/climate/jupyter", "for a group"),
    ),
    "kernel list": (
        ("autoenv-hpc kernel list", "one line for each"),
        ("autoenv-hpc kernel list --json | jq -r '.[].project'", "for a script"),
    ),
    "kernel remove": (
        ("autoenv-hpc kernel remove", "the kernels of the project here"),
        ("autoenv-hpc kernel remove climate-py2", "one by its name"),
    ),
    "demo": (
        ("autoenv-hpc demo", "enter, leave and exec in a scratch home"),
        ("autoenv-hpc demo | cat", "without a terminal"),
    ),
}
_STATUS = "exit status: 0 done, 1 a problem (the message names it), 2 wrong usage"
_EXEC = """exit status: CMD's own, or
  125  the environment is not available, so CMD was not started
  126  CMD cannot be executed
  127  CMD was not found"""


def epilog(name: str) -> str:
    """The end of a command's help: its examples and its exit status."""
    examples = EXAMPLES[name]
    width = max(len(line) for line, _ in examples)
    lines = [f"  {line:<{width}}  {text}".rstrip() for line, text in examples]
    return "\n".join(["examples:", *lines, "", _EXEC if name == "exec" else _STATUS])
