#!/bin/sh
# Installs what the project needs and this machine lacks: npm packages by the lock file, and Debian packages.
# Needs nothing but sh, coreutils and npm; does nothing, in milliseconds, when all is there.
#   MESHYARD_NO_INSTALL=1   install nothing: say what is missing and exit 1

set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
# What a person's PATH often lacks.
PATH=$PATH:/usr/sbin:/sbin

lock=$root/package-lock.json
# The lock file that node_modules was made from; written last, so its absence also tells of an installation cut short.
made_from=$root/node_modules/.meshyard-lock.json

say() {
  echo "meshyard setup: $*" >&2
}

npm_is_current() {
  cmp -s "$lock" "$made_from"
}

# Debian packages whose commands are missing. redis-tools holds the program of the server too (the two commands are one
# file, which goes by the name that it is called by), but no service that starts by itself, as redis-server does.
missing_packages() {
  missing=
  for pair in ip:iproute2 iptables:iptables nft:nftables ncat:ncat curl:curl openssl:openssl \
    tcpdump:tcpdump ps:procps faketime:faketime redis-check-rdb:redis-tools; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
  done
  # Debian keeps the programs of each version in a folder of their own, outside of PATH.
  set -- /usr/lib/postgresql/*/bin/initdb
  [ -x "$1" ] || missing="$missing postgresql"
  missing=${missing# }
}

# While this is there, installing PostgreSQL makes no database and so starts no server: tests run servers of their own.
no_cluster=/etc/postgresql-common/createcluster.d/meshyard.conf

forbid_cluster() {
  case " $missing " in
    *' postgresql '*) mkdir -p "${no_cluster%/*}" && echo 'create_main_cluster = false' >"$no_cluster" ;;
  esac
}

allow_cluster() {
  rm -f "$no_cluster"
  # Whatever else is there stays.
  rmdir -p "${no_cluster%/*}" 2>/dev/null || :
}

install_packages() {
  if ! command -v apt-get >/dev/null 2>&1; then
    say "these are missing and there is no apt-get to install them: $missing"
    return 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    say "these packages are missing; install them with:"
    install="sudo apt-get update && sudo apt-get install --yes --no-install-recommends $missing"
    case " $missing " in
      *' postgresql '*)
        echo "  sudo mkdir -p ${no_cluster%/*}" >&2
        echo "  echo 'create_main_cluster = false' | sudo tee $no_cluster" >&2
        echo "  $install; sudo rm $no_cluster" >&2
        ;;
      *) echo "  $install" >&2 ;;
    esac
    return 1
  fi
  say "installing Debian packages: $missing"
  export DEBIAN_FRONTEND=noninteractive
  # Another installation on this machine is waited for.
  set -- -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0
  trap 'allow_cluster; exit 1' INT TERM HUP
  forbid_cluster || {
    say "cannot write $no_cluster, without which a database server would start"
    return 1
  }
  # shellcheck disable=SC2086 # one word each
  apt-get "$@" update >&2 && apt-get "$@" install --yes --no-install-recommends $missing >&2
  installed=$?
  allow_cluster
  trap - INT TERM HUP
  if [ "$installed" -ne 0 ]; then
    say "apt-get could not install: $missing"
    return 1
  fi
  missing_packages
  [ -z "$missing" ] || {
    say "still missing after the installation: $missing"
    return 1
  }
}

install_npm() {
  if ! command -v npm >/dev/null 2>&1; then
    say "npm is missing; install Node 20 or newer, which brings it"
    return 1
  fi
  say "installing npm packages"
  rm -f "$made_from"
  set -- --no-audit --no-fund --loglevel=error
  # npm ci refuses a lock file that lacks the packages of other platforms, which some registries do not serve; npm
  # install takes the versions of the same lock file and leaves the file as it is.
  report=$(cd "$root" && npm ci "$@" 2>&1) || {
    report=$(cd "$root" && npm install --no-save "$@" 2>&1) || {
      echo "$report" >&2
      say "npm could not install the packages of $lock"
      return 1
    }
  }
  cp "$lock" "$made_from.new" && mv "$made_from.new" "$made_from"
}

missing_packages
if npm_is_current && [ -z "$missing" ]; then
  exit 0
fi

if [ "${MESHYARD_NO_INSTALL:-}" = 1 ]; then
  [ -z "$missing" ] || say "these Debian packages are missing: $missing"
  npm_is_current || say "node_modules does not match package-lock.json; \"npm ci\" would make it so"
  say "nothing was installed, because MESHYARD_NO_INSTALL is 1"
  exit 1
fi

# One installation at a time. The lock is the kernel's: it ends with the last process that holds it, npm included.
if command -v flock >/dev/null 2>&1; then
  exec 9<"$root" && flock 9
fi
# Somebody else may have installed all of it in the meantime.
missing_packages
[ -z "$missing" ] || install_packages || exit 1
npm_is_current || install_npm || exit 1
