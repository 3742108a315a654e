#!/bin/sh
# Drives ecs_clock.sh by the protocol of languages.py.
set -eu

# shellcheck source=../../../src/answer/clients/ecs_clock.sh
. "${0%/*}/../../../src/answer/clients/ecs_clock.sh"

refusal=$(mktemp)
trap 'rm -f "$refusal"' EXIT

refused() { echo "refused $(sed 's/^clock not good: //; s/: / /' "$refusal" | tr '\n' ' ')"; }

now() {
  before=$(date +%s%N)
  if range=$(ecs_clock_now "max_error=$limit" 2>"$refusal"); then
    echo "good ${range% *}000 ${range#* }000 $before $(date +%s%N)"
  else
    refused
  fi
}

many() {
  replies=$(
    for _ in $(seq "$1"); do
      { ecs_clock_now "max_error=$limit" >/dev/null 2>&1 && echo good || echo refused; } &
    done
    wait
  )
  good=$(printf '%s\n' "$replies" | grep -c good) || true
  echo "many $good $(($1 - good))"
}

past() {
  if range=$(ecs_clock_now "max_error=$limit" 2>"$refusal"); then
    timestamp=$((${range#* } + $1 * 1000))
    ECS_CLOCK_TRIES=$(($2 / 20 + 1))
    if ecs_clock_wait_until_past "$timestamp" "max_error=$limit" 2>"$refusal"; then
      echo "past ${timestamp}000 $(date +%s%N) -"
      return
    fi
  fi
  refused
}

fake() {
  first=$(ECS_CLOCK_FAKE=good ecs_clock_now >/dev/null && echo good)
  ECS_CLOCK_FAKE=not_synchronized ecs_clock_now 2>"$refusal" || echo "fake $first $(refused | cut -d ' ' -f 2)"
}

while read -r command first second _ timeout; do
  case $command in
    open)
      CLOCK_SIDECAR=$first limit=${second}ms
      ECS_CLOCK_TIMEOUT=$((timeout / 1000)).$((timeout % 1000 / 100))
      echo opened
      ;;
    now) now ;;
    many) many "$first" ;;
    past) past "$first" "$second" ;;
    fake) fake ;;
  esac
done
