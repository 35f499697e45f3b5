#!/usr/bin/env bash
# The step "sign" of action.yml: signs artifacts that have no signature by the profile yet.
set -euo pipefail
# shellcheck source=action/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

read_line profile "${INPUT_PROFILE:-}"
[ -n "$line" ] || fail "the input 'sign' needs the input 'profile', the ARN of the signing profile"
options=(--profile "$line" --if-unsigned)
common_options
read_lines sign "$INPUT_ARTIFACTS"
artifacts=("${lines[@]}")
[ ${#artifacts[@]} -gt 0 ] || fail "the input 'sign' names no artifact"
run '^(signed|already-signed)$' sign "${options[@]}" "${artifacts[@]}"
