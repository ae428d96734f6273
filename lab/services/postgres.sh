#!/bin/sh
# Runs PostgreSQL for the length of a lab: sh postgres.sh FOLDER ADDRESS PORT
# It trusts everybody who reaches it, and its folder is one that ends with the lab.
set -eu
folder=$1 address=$2 port=$3

programs=
for each in /usr/lib/postgresql/*/bin; do
  [ -x "$each/postgres" ] && programs=$each
done
if [ -z "$programs" ]; then
  echo "PostgreSQL's programs are missing below /usr/lib/postgresql; install them: npm run setup" >&2
  exit 1
fi

# It leaves a piece of System V memory behind when it is killed, unless that is in a namespace of its own, as in a container.
ipc=
unshare --ipc -- true 2>/dev/null && ipc=--ipc

# PostgreSQL refuses to run as root. Where users cannot be changed, root of a namespace is another one in a further.
unprivileged() {
  if [ "$(cat /proc/self/setgroups)" = deny ]; then
    exec unshare --user --map-user=65534 --map-group=65534 --ipc -- "$@"
  fi
  exec ${ipc:+unshare "$ipc" --} setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
}

if [ ! -e "$folder/data/PG_VERSION" ]; then
  mkdir -p -m 1777 "$folder"
  cd "$folder"
  (unprivileged "$programs/initdb" --pgdata="$folder/data" --username=kong --auth=trust \
    --encoding=UTF8 --locale=C --no-sync)
  (unprivileged sh -c 'echo "host all all all trust" >>"$1/data/pg_hba.conf"' sh "$folder")
fi
cd "$folder"
unprivileged "$programs/postgres" -D "$folder/data" \
  -c listen_addresses="$address" -c port="$port" -c unix_socket_directories= \
  -c fsync=off -c full_page_writes=off -c synchronous_commit=off \
  -c shared_buffers=16MB -c max_connections=1000 -c dynamic_shared_memory_type=mmap -c lc_messages=C
