#!/bin/sh
# A critical step that rests on the clock, in a shell: curl asks the sidecar.
set -eu

sidecar=${CLOCK_SIDECAR:-http://127.0.0.1:2780}

# clock PARAMETER=VALUE - what /clock says of a good clock; fails if it is not good, and if nobody answers.
clock() {
  curl --silent --show-error --fail --max-time 1 --noproxy '*' --get --data-urlencode "$1" "$sidecar/clock"
}

refuse() {
  echo "refused: $1" >&2
  exit 1
}

# wait_until_past TIMESTAMP - returns once every correct clock in the world shows a later time.
wait_until_past() {
  tries=0
  # A clock that is not good now may become good again.
  until clock "after=$1" 2>/dev/null | grep -q '"certainly_past":true'; do
    tries=$((tries + 1))
    [ "$tries" -lt 1000 ] || refuse "$1 is not certainly past"
    sleep 0.01
  done
}

answer=$(clock max_error=5ms) || refuse "the clock is not good"
timestamp=$(printf '%s' "$answer" | sed -n 's/.*"latest":"\([^"]*\)".*/\1/p')
[ -n "$timestamp" ] || refuse "no range"

echo "writing $timestamp" # the step itself, with the latest time that it can be
wait_until_past "$timestamp" # before anybody hears of it
echo "committed $timestamp"
