# shellcheck shell=sh
# Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range that contains true time.
#
# Copy this file. It needs a POSIX shell, curl, and a sleep that takes fractions. Each question is a separate request.
# The answer is true for the moment it was given: it ages while the shell goes on.
#
#   . ./ecs_clock.sh
#   range=$(ecs_clock_now max_error=5ms) || exit 1   # refuse the step, also if the sidecar does not respond
#   timestamp=${range#* }                            # the range is "EARLIEST LATEST"
#   write "$timestamp"
#   ecs_clock_wait_until_past "$timestamp" max_error=5ms || exit 1   # before anybody sees the write
#
# For your tests: ECS_CLOCK_FAKE=good, or codes such as ECS_CLOCK_FAKE=not_synchronized.

# ecs_clock_refuse CODES REASONS: writes them to stderr, and fails.
ecs_clock_refuse() {
  echo "clock not good: $1: $2" >&2
  return 1
}

# ecs_clock_ask PARAMETER=VALUE…: writes the answer of a good clock, or the codes and reasons to stderr.
ecs_clock_ask() {
  # --disable: without the user's .curlrc. No redirects and no proxy.
  ecs_clock_answer=$(
    for ecs_clock_parameter in "$@"; do
      set -- "$@" --data-urlencode "$ecs_clock_parameter"
      shift
    done
    curl --disable --silent --show-error --max-time "${ECS_CLOCK_TIMEOUT:-1}" --max-filesize 65536 --noproxy '*' \
      --proto '=http' --write-out 'HTTP %{http_code}' --get "$@" "${CLOCK_SIDECAR:-http://127.0.0.1:2780}/clock" 2>&1
  ) || {
    ecs_clock_refuse no_answer "the sidecar gives no answer: $ecs_clock_answer"
    return
  }
  # As the sidecar writes it: on one line, the verdict first.
  case $ecs_clock_answer in
    '{"verdict":"good",'*'}
HTTP 200') printf '%s\n' "${ecs_clock_answer%
HTTP 200}" ;;
    '{"verdict":"not_good",'*) ecs_clock_refuse "$(ecs_clock_list codes ',')" "$(ecs_clock_list reasons '; ')" ;;
    *) ecs_clock_refuse no_answer "the sidecar gives no answer: $(printf '%.200s' "$ecs_clock_answer")" ;;
  esac
}

# ecs_clock_list NAME SEPARATOR: the strings of an array of the answer.
ecs_clock_list() {
  printf '%s\n' "$ecs_clock_answer" | sed -n "s/.*\"$1\":\[\"\([^]]*\)\"\].*/\1/p" | sed "s/\",\"/$2/g"
}

# ecs_clock_now PARAMETER=VALUE…: writes "EARLIEST LATEST", in RFC 3339.
ecs_clock_now() {
  case ${ECS_CLOCK_FAKE:-} in
    '') ;;
    good)
      date -u '+%Y-%m-%dT%H:%M:%S.000000Z %Y-%m-%dT%H:%M:%S.999999Z'
      return
      ;;
    *)
      ecs_clock_refuse "$ECS_CLOCK_FAKE" fake
      return
      ;;
  esac
  ecs_clock_body=$(ecs_clock_ask "$@") || return
  ecs_clock_time='"\([0-9]\{4\}-[0-9][0-9]-[0-9][0-9]T[0-9:]\{8\}\.[0-9]\{6\}Z\)"'
  ecs_clock_range=$(
    printf '%s\n' "$ecs_clock_body" | sed -n "s/.*\"earliest\":$ecs_clock_time,\"latest\":$ecs_clock_time.*/\1 \2/p"
  )
  if [ -n "$ecs_clock_range" ] && expr "${ecs_clock_range% *}" '<=' "${ecs_clock_range#* }" >/dev/null; then
    printf '%s\n' "$ecs_clock_range"
  else
    ecs_clock_refuse no_answer "the sidecar gives no answer: no range"
  fi
}

# ecs_clock_wait_until_past TIMESTAMP PARAMETER=VALUE…: succeeds once true time is certainly past the timestamp. It
# fails after ECS_CLOCK_TRIES questions, 500 by default, 20 ms apart.
ecs_clock_wait_until_past() {
  ecs_clock_timestamp=$1
  shift
  ecs_clock_tries=${ECS_CLOCK_TRIES:-500}
  while [ "$ecs_clock_tries" -gt 0 ]; do
    ecs_clock_tries=$((ecs_clock_tries - 1))
    if [ -n "${ECS_CLOCK_FAKE:-}" ]; then
      ecs_clock_body=$(ecs_clock_now "$@") &&
        expr "${ecs_clock_body% *}" '>' "$ecs_clock_timestamp" >/dev/null && return
    else
      # A clock that is not good may become good again.
      ecs_clock_body=$(ecs_clock_ask "$@" "after=$ecs_clock_timestamp" 2>/dev/null)
      case $ecs_clock_body in *'"certainly_past":true'*) return ;; esac
    fi
    sleep 0.02
  done
  ecs_clock_refuse not_past "$ecs_clock_timestamp is not certainly past"
}
