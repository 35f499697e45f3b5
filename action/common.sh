# shellcheck shell=bash
# Functions of the steps of action.yml. Inputs are environment variables; each is checked before it is used.

# An error that GitHub shows at the top of the run.
annotate() {
  local text=$*
  text=${text//%/%25}
  text=${text//$'\r'/%0D}
  text=${text//$'\n'/%0A}
  printf '::error title=notation-aws-signer::%s\n' "$text"
}

# Ends the step with an error. Exit code 2 as the tool has: an input is wrong.
fail() {
  annotate "$@"
  exit 2
}

# The lines of the input $1 whose value is $2, without empty ones and spaces around them, in the array $lines. A line that starts with
# a hyphen would be an option of the tool, and control characters could forge lines of the log.
read_lines() {
  local name=$1 line
  lines=()
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%$'\r'}
    line="${line#"${line%%[![:blank:]]*}"}"
    line="${line%"${line##*[![:blank:]]}"}"
    case $line in
      "") continue ;;
      -*) fail "the input '$name' has the line '$line', which starts with a hyphen" ;;
      *[[:cntrl:]]*) fail "the input '$name' has a line with a control character" ;;
    esac
    lines+=("$line")
  done <<<"$2"
}

# The input $1 with the value $2 has one line. It is in $line, which is empty if the input is.
read_line() {
  read_lines "$1" "$2"
  [ ${#lines[@]} -le 1 ] || fail "the input '$1' has ${#lines[@]} lines instead of one"
  line=${lines[0]:-}
}

# Adds the options that sign and verify have in common to the array $options.
common_options() {
  local pair
  case ${INPUT_RECURSIVE:-false} in
    true) options+=(--recursive) ;;
    false) ;;
    *) fail "the input 'recursive' is '$INPUT_RECURSIVE' instead of true or false" ;;
  esac
  read_lines user-metadata "${INPUT_USER_METADATA:-}"
  for pair in "${lines[@]}"; do
    [[ $pair == ?*=* ]] || fail "the input 'user-metadata' has the line '$pair' instead of KEY=VALUE"
    options+=(--user-metadata "$pair")
  done
  read_line root "${INPUT_ROOT:-}"
  if [ -n "$line" ]; then options+=(--root "$line"); fi
}

# In jq: how many artifacts ended in which way, with the names and codes of those that failed; or the error of the whole command.
SUMMARY='
  def named: [.[] | select(.error) | "\(.artifact) (\(.error.code))"] | if length > 0 then ": " + join(", ") else "" end;
  if .artifacts then [.artifacts | group_by(.outcome)[] | "\(length) \(.[0].outcome)\(named)"] | join("; ") else .error.message end'

# Runs the tool with the arguments after the regular expression $1, and shows the outcome of each artifact: the tool itself shows those
# that failed, with the reason and what to do. If all succeeded, the output
# `artifacts` has those whose outcome matches the expression, by digest. GitHub reads no commands in what the tool and registries say.
run() {
  local outcomes=$1 folder report status=0 token
  shift
  command -v jq >/dev/null || fail "jq is missing on this runner"
  folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/report.XXXXXX")
  report=$folder/report.json
  token=$(sha256sum <"/proc/sys/kernel/random/uuid" | cut -c1-32)
  printf '::stop-commands::%s\n' "$token"
  "$TOOL_FOLDER/notation-aws-signer" "$@" --output json >"$report" || status=$?
  jq -r '.artifacts[]? | select(.error | not) | "\(.artifact) \(.outcome)"' "$report" || cat "$report"
  printf '::%s::\n' "$token"
  if [ "$status" = 0 ]; then
    # A reference has no line feed, and the delimiter is no reference.
    {
      printf 'artifacts<<::end::\n'
      jq -r --arg outcomes "$outcomes" '.artifacts[] | select(.outcome | test($outcomes)) | .artifact' "$report"
      printf '::end::\n'
    } >>"$GITHUB_OUTPUT"
  else
    annotate "$1 ended with exit code $status: $(jq -r "$SUMMARY" "$report" || true)"
  fi
  rm -rf "$folder"
  return "$status"
}
