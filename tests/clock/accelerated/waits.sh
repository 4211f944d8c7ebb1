#!/bin/bash
# Every way in which shell scripts wait, each for some twenty seconds by their own clock; a line of JSON for each.
# bash waits.sh SILENT FULL CLOSED: ports of a server that never answers, one that takes nobody more, and of none.

measure() {
    local name=$1 began took
    shift
    began=$(date +%s%N)
    "$@" > /dev/null 2>&1 < <(sleep 1000)
    took=$(($(date +%s%N) - began))
    printf '{"name": "%s", "asked": 20, "took": %d.%09d}\n' "$name" $((took / 1000000000)) $((took % 1000000000))
}

echo '{"began": true}'
measure "sleep" sleep 20 &
measure "read -t" bash -c 'read -r -t 20' &
measure "timeout" timeout 20 sleep 1000 &
measure "curl --max-time" curl --max-time 20 "http://127.0.0.1:$1/" &
measure "curl --connect-timeout" curl --connect-timeout 20 "http://127.0.0.1:$2/" &
measure "curl --retry-delay" curl --retry 1 --retry-delay 20 --retry-connrefused "http://127.0.0.1:$3/" &
wait
