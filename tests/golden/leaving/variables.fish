set -gx NEW '1'
set -gx CHANGED 'new'
set -gx EMPTIED ''
set -gx FILLED 'new'
set -gx NEW_AND_EMPTY ''
set -e REMOVED EMPTY_AND_REMOVED
__autoenv_hpc_end
