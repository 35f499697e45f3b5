# shellcheck shell=bash
# Names, folders and functions shared by the scripts. Sourced from the root of the source tree.
# shellcheck disable=SC2034  # the scripts that source this use the variables

# The file name that notation requires for the plugin. It differs from plugin_bin because cargo allows no dots in target names.
plugin_name=notation-com.amazonaws.signer.notation.plugin
plugin_bin=notation-aws-signer-plugin
cli_bin=notation-aws-signer

# Reproducible files worth keeping between clones, outside the source tree.
cache_dir=${NOTATION_AWS_SIGNER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/notation-aws-signer}
[[ $cache_dir == /* ]] || cache_dir=$PWD/$cache_dir
# Cargo's target folder. The finished programs are in its release/.
target_dir=${CARGO_TARGET_DIR:-target}

have() { command -v "$1" >/dev/null 2>&1; }
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# The version in Cargo.toml.
package_version() { sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml; }

# Formats a number of bytes as KiB or MiB.
human_size() { awk -v b="$1" 'BEGIN { if (b < 1048576) printf "%.0f KiB", b / 1024; else printf "%.1f MiB", b / 1048576 }'; }
file_size() { wc -c <"$1" | tr -d ' '; }

# The folder with LLVM's linker, as cc finds it. It comes with rustup's Rust.
lld_folder() { printf '%s/lib/rustlib/%s/bin/gcc-ld' "$(rustc --print sysroot)" "$(rustc -vV | sed -n 's/^host: //p')"; }
