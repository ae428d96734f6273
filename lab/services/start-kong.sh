#!/bin/sh
# Starts a Kong whose store is PostgreSQL: sh start-kong.sh first|other MARKER PROGRAM
# The first one makes the store's tables and then the marker, for which the others wait.
set -eu
role=$1 marker=$2 program=$3

tries=600
while [ "$role" = other ] && [ ! -e "$marker" ] || [ "$role" = first ]; do
  if [ "$role" = first ] && "$program" migrations bootstrap; then
    : >"$marker"
    break
  fi
  tries=$((tries - 1))
  if [ "$tries" -eq 0 ]; then
    echo "The store of $program has no tables after a minute." >&2
    exit 1
  fi
  sleep 0.1
done
exec "$program" start
