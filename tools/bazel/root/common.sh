# Shared by bazelw and the scripts beside this file; sourced, never run.

root_tools="${root_tools:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)}"
HOTLOOP_CACHE="${HOTLOOP_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/hotloop}"
export HOTLOOP_CACHE

say() { printf 'bazelw: %s\n' "$*" >&2; }
die() { say "error: $*"; exit 3; }

# The root is remade when what it is made of changes: the packages, and the script that makes it.
root_key() {
  cat "$root_tools/packages.txt" "$root_tools/make" | sha256sum | cut -c1-12
}

# True where this machine itself has what the build root would give: Bazel, its rules, compilers, Python.
machine_has_bazel() {
  local wanted tool
  [ "${HOTLOOP_BUILD_ROOT:-auto}" != always ] || return 1
  wanted="$(cat "$1/.bazelversion")"
  [ -d /usr/share/bazel/rules/rust ] || return 1
  for tool in bazel rustc cargo rustfmt clippy-driver gcc python3.11; do
    [ -x "/usr/bin/$tool" ] || return 1
  done
  [ "$(/usr/bin/bazel --version 2>/dev/null | cut -d' ' -f2 | cut -d- -f1)" = "$wanted" ]
}

# What a machine must bring to make and enter a root; installs the two missing tools when root on Debian.
require_machine() {
  local missing=() tool
  [ "$(uname -s)/$(uname -m)" = Linux/x86_64 ] || die "the build root is made for Linux on x86-64, this is $(uname -s) on $(uname -m)"
  for tool in mmdebstrap:mmdebstrap bwrap:bubblewrap flock:util-linux sha256sum:coreutils; do
    command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
  done
  if [ "$(id -u)" != 0 ] && ! command -v newuidmap >/dev/null; then
    missing+=(uidmap)
  fi
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing ${missing[*]} (a few seconds)"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >/dev/null ||
      die "could not install ${missing[*]}; install them by hand and call again"
  else
    die "missing on this machine: ${missing[*]}; ask an administrator to install them (Debian: apt-get install ${missing[*]})"
  fi
}

# First address of a Debian mirror in the machine's own apt configuration.
debian_mirror() {
  if [ -n "${HOTLOOP_DEBIAN_MIRROR:-}" ]; then
    printf '%s\n' "$HOTLOOP_DEBIAN_MIRROR"
    return
  fi
  local found
  # shellcheck disable=SC2016 # apt-get expands them
  found="$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk '$2 == "Debian" && $3 == "main" && $1 !~ /security/ { sub("/$", "", $1); print $1; exit }')"
  if [ -z "$found" ]; then
    found="$({ sed -n 's/^URIs:[[:space:]]*//p' /etc/apt/sources.list.d/*.sources
      sed -nE 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p' /etc/apt/sources.list; } 2>/dev/null |
      grep -E '/debian/?$' | head -n 1)"
  fi
  [ -n "$found" ] || die "no Debian mirror in this machine's apt configuration; name one in HOTLOOP_DEBIAN_MIRROR"
  printf '%s\n' "$found"
}
