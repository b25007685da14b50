set -e A
