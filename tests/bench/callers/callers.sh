#!/bin/sh
# Asks a sidecar from two curls that share the connections: callers.sh ADDRESS CALLERS REQUESTS kept|new
set -eu

address=$1 half=$(($2 / 2)) total=$(($2 * $3))
set -- --silent --no-progress-meter --parallel --parallel-immediate --parallel-max "$half" --max-time 30 --output /dev/null --write-out '%{http_code}\n' \
  $([ "$4" = kept ] || echo '--header Connection:close')
# A fragment is not sent: it only counts the requests.
{
  curl "$@" "http://$address/clock#[1-$((total / 2))]" &
  curl "$@" "http://$address/clock#[1-$((total / 2))]"
  wait
} | awk '$1 != 200 { failed++; first = $1 } END { print NR, failed + 0, first }'
