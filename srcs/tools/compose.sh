#!/bin/bash
# Compose on this stack, bonus services included, with the settings in ENV_FILE.
#
# usage: compose.sh COMMAND [ARGUMENT...]      as in: compose.sh logs nginx
set -euo pipefail
. "$(dirname "$0")/lib.sh"
load_settings
use_engine --find
compose_all "$@"
