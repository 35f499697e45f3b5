#!/usr/bin/env bash
# The step "verify" of action.yml: fails unless all artifacts are verified.
set -euo pipefail
# shellcheck source=action/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

options=()
read_line policy "${INPUT_POLICY:-}"
if [ -n "$line" ]; then options+=(--policy "$line"); fi
read_lines trusted-profiles "${INPUT_TRUSTED_PROFILES:-}"
trusted=("${lines[@]}")
if [ ${#options[@]} -gt 0 ]; then
  [ ${#trusted[@]} -eq 0 ] || fail "the inputs 'policy' and 'trusted-profiles' exclude each other"
elif [ ${#trusted[@]} -eq 0 ]; then
  read_line profile "${INPUT_PROFILE:-}"
  [ -n "$line" ] || fail "the input 'verify' needs one of the inputs 'trusted-profiles', 'policy' and 'profile'"
  trusted=("$line")
fi
for profile in "${trusted[@]}"; do options+=(--trusted-profile "$profile"); done
common_options
read_lines verify "$INPUT_ARTIFACTS"
artifacts=("${lines[@]}")
[ ${#artifacts[@]} -gt 0 ] || fail "the input 'verify' names no artifact"
run '^verified$' verify "${options[@]}" "${artifacts[@]}"
