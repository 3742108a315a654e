#!/usr/bin/env bash
# Files a day's clock report of a service in S3.
#
#   file-report.sh CLUSTER SERVICE s3://BUCKET/PREFIX LIMIT [DAY]
#
# DAY is yesterday (UTC) unless it is given as YYYY-MM-DD. LOG_GROUP names another log group than the stack's. The exit code
# is that of `ecs-clock-emf report`: 0 if the limit is proven, 1 if it is not, 3 if there are no lines.
set -euo pipefail

if (($# < 4 || $# > 5)); then
  sed -n 's/^#   //p' "$0" >&2
  exit 2
fi
cluster=$1 service=$2 place=${3%/} limit=$4
day=${5:-$(date --utc --date yesterday +%F)}
group=${LOG_GROUP:-/ecs/clock/$cluster/$service}
next=$(date --utc --date "$day + 1 day" +%F)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The last lines of a day are written in the first minutes of the next one.
milliseconds() { echo "$(date --utc --date "$1" +%s)000"; }
aws logs filter-log-events --log-group-name "$group" --filter-pattern ClockSource --output json \
  --start-time "$(milliseconds "$day 00:00 5 minutes ago")" --end-time "$(milliseconds "$next 00:05")" >"$folder/lines.json"

status=0
ecs-clock-emf report --max-error "$limit" --from "$day" --to "$next" --html "$folder/$day.html" --json "$folder/lines.json" \
  >"$folder/$day.json" || status=$?
if ((status <= 1)); then
  for file in "$day.html" "$day.json"; do
    aws s3 cp --only-show-errors "$folder/$file" "$place/$cluster/$service/$file"
  done
fi
exit "$status"
