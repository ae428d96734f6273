#!/bin/sh
# Runs ncat with a self-signed certificate of its own, on P-256: sh ncat-over-tls.sh --listen --ssl …
# Left to itself ncat makes an RSA key before it listens, which takes up to a third of a second of a core.
set -eu
# It says nothing that matters unless it fails; whoever reads PEM skips the rest.
made=$(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -days 365 \
  -keyout - -out - 2>&1) || {
  echo "$made" >&2
  exit 1
}
# By pipes, so that nothing is left on disk.
exec ncat --ssl-cert /dev/fd/3 --ssl-key /dev/fd/4 "$@" 3<<CERTIFICATE 4<<KEY
$made
CERTIFICATE
$made
KEY
