if __autoenv_hpc_may_set; then
__autoenv_hpc_shelve
__autoenv_hpc_leave_active() {
if [[ ${1-} == check ]]; then
return 0
fi
return 0
}
__autoenv_hpc_begin '/project' 'course' '(course) '
__autoenv_hpc_alias 'll' 'ls -l'
__autoenv_hpc_alias 'gone'
__autoenv_hpc_alias 'ls' 'ls --color'
__autoenv_hpc_alias 'quoted' 'echo '\''it is'\'' "$HOME"'
__autoenv_hpc_alias 'and' 'true'
__autoenv_hpc_alias 'odd:name' 'true'
__autoenv_hpc_say 'entered course'
fi
