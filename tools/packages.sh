# packages.sh - finds out which Debian packages are missing, and installs only those. Sourced by tools/demo and tools/test.

# What building and the demo need, what the tests need besides, and what only coverage, valgrind and a package's source need.
packages_build="gcc libc6-dev meson ninja-build pkg-config libsqlite3-dev liblmdb-dev liblz4-dev libxxhash-dev libedit-dev check"
packages_test="python3 zstd redis-tools libhiredis-dev clang-format-14 binutils"
packages_coverage="gcovr"
packages_valgrind="valgrind"
packages_source="dpkg-dev"

# install_missing PACKAGE... - 0 if all of them are there in the end; says what is wrong otherwise.
install_missing() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This is not Debian: please see to it that these, or what your system calls them, are installed: $*" >&2
    command -v meson >/dev/null && command -v ninja >/dev/null && return 0
    return 1
  fi
  local package missing=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0

  local become=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "These Debian packages are missing, and there is no sudo to install them with: ${missing[*]}" >&2
      echo "As root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    become=(sudo)
    [ -t 0 ] || become=(sudo -n)
  fi
  echo "Installing: ${missing[*]}"
  local log
  log=$(mktemp)
  if { "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } \
    >"$log" 2>&1 </dev/null; then
    rm -f "$log"
    return 0
  fi
  tail -n 15 "$log" >&2
  rm -f "$log"
  echo "Installing failed (above). These packages are needed: ${missing[*]}" >&2
  return 1
}

# fetch_source PACKAGE FOLDER - unpacks the distribution's source of the installed library package into FOLDER, once. The system's
# lists of packages stay as they are: where sources are to be had is worked out from where packages come from.
fetch_source() {
  local package=$1 folder version source
  mkdir -p "$2" && folder=$(realpath "$2") || return 1
  version=$(dpkg-query -W -f='${source:Version}' "$package") && source=$(dpkg-query -W -f='${source:Package}' "$package") || return 1
  [ -f "$folder/of-$source-$version" ] && return 0
  command -v apt-get >/dev/null && command -v dpkg-source >/dev/null || return 1
  mkdir -p "$folder/lists/partial"
  apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
    sort -u >"$folder/sources.list"
  local own=(-q -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$folder/lists"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=)
  (cd "$folder" && apt-get "${own[@]}" update && apt-get "${own[@]}" source "$source=$version" && touch "of-$source-$version")
}

# configure FOLDER [OPTION...] - a Meson build in that folder, made if it is not there, brought to these options if it is.
configure() {
  local folder=$1
  shift
  if [ -f "$folder/build.ninja" ]; then
    [ $# -eq 0 ] || meson configure "$folder" "$@"
  else
    meson setup "$folder" "$@"
  fi
}

# quietly COMMAND... - shows its output only if it fails.
quietly() {
  local log status
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null
  status=$?
  [ $status -eq 0 ] || tail -n 60 "$log"
  rm -f "$log"
  return $status
}
