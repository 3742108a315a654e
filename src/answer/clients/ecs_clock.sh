# shellcheck shell=sh
# Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range of true time.
#
# Copy this file. It needs a POSIX shell whose numbers have 64 bits, curl, and a sleep that takes
# fractions. Each question is a request. Times are in microseconds since 1970.
#
#   . ./ecs_clock.sh
#   range=$(ecs_clock_now max_error=5ms) || exit 1   # refuse the step, also without an answer
#   timestamp=${range#* }                            # the range is "EARLIEST LATEST"
#   write "$timestamp"
#   ecs_clock_wait_until_past "$timestamp" max_error=5ms || exit 1   # before anybody sees the write
#
# For your tests: ECS_CLOCK_FAKE=good, or codes such as ECS_CLOCK_FAKE=not_synchronized.

# ecs_clock_refuse CODES REASONS: writes them to stderr, and fails.
ecs_clock_refuse() {
  printf 'clock not good: %s: %s\n' "$1" "$2" >&2
  return 1
}

# ecs_clock_ask PARAMETER=VALUE…: writes the sidecar's line, and the status on the next.
ecs_clock_ask() {
  for ecs_clock_parameter in "$@"; do
    set -- "$@" --data-urlencode "$ecs_clock_parameter"
    shift
  done
  # --disable: without the user's .curlrc. No redirects and no proxy. A failure spoils the answer.
  curl --disable --silent --show-error --max-time "${ECS_CLOCK_TIMEOUT:-1}" --max-filesize 65536 \
    --noproxy '*' --proto '=http' --write-out '%{http_code}' --get "$@" \
    "${CLOCK_SIDECAR:-http://127.0.0.1:2780}/clock.txt" 2>&1 || echo ' failed'
}

# ecs_clock_now PARAMETER=VALUE…: writes "EARLIEST LATEST", or codes and reasons to stderr.
ecs_clock_now() {
  ecs_clock_before=$(date +%s)000000
  case ${ECS_CLOCK_FAKE:-} in
    '') ecs_clock_answer=$(ecs_clock_ask "$@" | tr '\0' '?') ;; # the shell would drop NUL
    good) ecs_clock_answer=$(date '+good %s000000 %s999999%n200') ;;
    *) ecs_clock_answer=$(printf 'not_good %s\tfake\n503' "$ECS_CLOCK_FAKE") ;;
  esac
  ecs_clock_after=$(date +%s)999999
  ecs_clock_tab=$(printf '\t')
  ecs_clock_time='[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]'
  # shellcheck disable=SC2254 # the time is a pattern
  case $ecs_clock_answer in
    *'
'*'
'*) ;; # more than a line and the status
    'good '$ecs_clock_time' '$ecs_clock_time'
200')
      ecs_clock_range=${ecs_clock_answer#good }
      ecs_clock_range=${ecs_clock_range%?200}
      # A range that does not contain this machine's clock is an old one, or of another clock.
      if [ "${ecs_clock_range% *}" -le "${ecs_clock_range#* }" ] &&
        [ "${ecs_clock_range% *}" -le "$ecs_clock_after" ] &&
        [ "${ecs_clock_range#* }" -ge "$ecs_clock_before" ]; then
        echo "$ecs_clock_range"
        return
      fi
      ;;
    'not_good '[a-z]*"$ecs_clock_tab"?*'
'???)
      ecs_clock_codes=${ecs_clock_answer#not_good }
      ecs_clock_reasons=${ecs_clock_codes#*"$ecs_clock_tab"}
      ecs_clock_reasons=$(printf '%s' "${ecs_clock_reasons%????}" | sed "s/$ecs_clock_tab/; /g")
      ecs_clock_refuse "${ecs_clock_codes%%"$ecs_clock_tab"*}" "$ecs_clock_reasons"
      return
      ;;
  esac
  ecs_clock_answer=$(printf '%.200s' "$ecs_clock_answer" | LC_ALL=C tr -c '[:print:]' ' ')
  ecs_clock_refuse no_answer "the sidecar gives no answer: $ecs_clock_answer"
}

# ecs_clock_wait_until_past TIMESTAMP PARAMETER=VALUE…: succeeds once true time is certainly past.
# It fails after ECS_CLOCK_TRIES questions, 500 by default, 20 ms apart.
ecs_clock_wait_until_past() {
  ecs_clock_timestamp=$1
  shift
  ecs_clock_tries=${ECS_CLOCK_TRIES:-500}
  while [ "$ecs_clock_tries" -gt 0 ]; do
    ecs_clock_tries=$((ecs_clock_tries - 1))
    # A clock that is not good may become good again.
    ecs_clock_present=$(ecs_clock_now "$@" 2>&1) &&
      [ "${ecs_clock_present% *}" -gt "$ecs_clock_timestamp" ] && return
    sleep 0.02
  done
  ecs_clock_codes=not_past
  case $ecs_clock_present in
    'clock not good: '*)
      ecs_clock_present=${ecs_clock_present#clock not good: }
      ecs_clock_codes=not_past,${ecs_clock_present%%:*}
      ;;
  esac
  ecs_clock_refuse "$ecs_clock_codes" "$ecs_clock_timestamp is not certainly past"
}
