#!/usr/bin/env bash
# The step "install" of action.yml: downloads the release archive, checks its SHA-256, and adds the tool to the PATH of later steps.
set -euo pipefail
# shellcheck source=action/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

read_line version "${INPUT_VERSION:-}"
version=$line
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "the input 'version' is '$version' instead of a version such as 2.0.0"
read_line sha256 "${INPUT_SHA256:-}"
sha256=$line
[[ $sha256 =~ ^([0-9a-f]{64})?$ ]] || fail "the input 'sha256' is '$sha256' instead of 64 lower-case hexadecimal digits"
read_line releases "${INPUT_RELEASES:-}"
releases=$line
if [ -z "$releases" ]; then
  [ -n "${ACTION_REPOSITORY:-}" ] || fail "the repository of the action is unknown: set the input 'releases'"
  releases=${GITHUB_SERVER_URL:-https://github.com}/$ACTION_REPOSITORY/releases/download/v$version
fi
[[ $releases =~ ^(https|file)://[^[:space:]\"\'\\]+$ ]] || fail "the input 'releases' is '$releases' instead of an https:// or file:// URL"

case "$(uname -s)/$(uname -m)" in
  Linux/x86_64) system=linux_amd64 ;;
  Linux/aarch64 | Linux/arm64) system=linux_arm64 ;;
  *) fail "there is no release for $(uname -s) on $(uname -m): use a Linux runner on x86-64 or ARM64" ;;
esac

folder=$(mktemp -d "${RUNNER_TEMP:-/tmp}/notation-aws-signer.XXXXXX")
archive=notation-aws-signer_${version}_$system.tar.gz

# Downloads the file $1 of the release. Redirects stay on https.
download() {
  curl -fsSL --proto '=https,file' --proto-redir '=https' --retry 3 --output "$folder/$1" -- "${releases%/}/$1" ||
    fail "${releases%/}/$1 could not be downloaded"
}

download "$archive"
if [ -z "$sha256" ]; then
  download SHA256SUMS
  sha256=$(awk -v name="$archive" '$2 == name { print $1 }' "$folder/SHA256SUMS")
  [[ $sha256 =~ ^[0-9a-f]{64}$ ]] || fail "${releases%/}/SHA256SUMS has no checksum of $archive"
fi
printf '%s  %s\n' "$sha256" "$folder/$archive" | sha256sum --check --quiet ||
  fail "$archive does not have the SHA-256 $sha256: do not use it"

tar -xzf "$folder/$archive" -C "$folder" --no-same-owner
rm -f "$folder/$archive" "$folder/SHA256SUMS"
[ "$("$folder/notation-aws-signer" --version)" = "notation-aws-signer $version" ] || fail "$archive has another version than $version"

printf '%s\n' "$folder" >>"$GITHUB_PATH"
printf 'version=%s\npath=%s\n' "$version" "$folder" >>"$GITHUB_OUTPUT"
printf 'notation-aws-signer %s is installed in %s\n' "$version" "$folder"
