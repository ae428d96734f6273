#!/bin/sh
# Runs ncat with a self-signed certificate of its own, on P-256: sh ncat-over-tls.sh --listen --ssl …
# Left to itself ncat makes an RSA key before it listens, which takes up to a third of a second of a core.
set -eu
key=$(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1)
certificate=$(printf '%s\n' "$key" | openssl req -x509 -key /dev/stdin -subj /CN=localhost -days 365)
# By pipes, so that nothing is left on disk.
exec ncat --ssl-cert /dev/fd/3 --ssl-key /dev/fd/4 "$@" 3<<CERTIFICATE 4<<KEY
$certificate
CERTIFICATE
$key
KEY
