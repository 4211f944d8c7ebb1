#!/bin/sh
# Places one gift card order so that it is never bought twice. Copy it, and make it yours.
#
# Reads {"reference", "order"} from standard input; the last line that it prints is the outcome.
# Needs curl 7.55 or newer, and awk for the JSON.
set -eu

attempts=8
timeout=10           # seconds, for a whole answer
longest_pause=60
api_version=2024-02-05
key_lifetime=2505600 # seconds: the API forgets a key after 30 days, and would then buy again; this is 29
state=${GOLIVE_STATE_DIR:-.}

# The member of a JSON object (standard input) that has this name, as it was written; nothing if there is none.
member() {
    awk -v wanted="\"$1\"" '
        { text = text $0 "\n" }
        END {
            while (match(text, /"([^"\\]|\\.)*"|[][{},:]|[^][{},:" \t\r\n]+/)) {
                token = substr(text, RSTART, RLENGTH)
                text = substr(text, RSTART + RLENGTH)
                if (token ~ /^[]}]$/) depth--
                if (depth == 0 || (depth == 1 && token == ",")) inside = 0
                if (inside) value = value token
                if (depth == 1 && token == ":" && last == wanted) inside = 1
                if (token ~ /^[[{]$/) depth++
                last = token
            }
            if (depth == 0 && last == "}") print value
        }'
}

# The header of the last answer that has this name; nothing if there is none.
header() {
    tr -d '\r' <"$head" | awk -F ': *' -v wanted="$1" 'tolower($1) == tolower(wanted) { sub(/^[^:]*: */, ""); print }'
}

# Sets `asked` to the seconds that the answer asks to be waited for.
asked_wait() {
    asked=$(header Retry-After)
    case $asked in
        '' | *[!0-9]*) # a date needs a date(1) that can read it, such as GNU's
            asked=$(date -d "${asked:-now}" +%s 2>/dev/null) && asked=$((asked - $(date +%s))) || asked=0 ;;
    esac
}

tell() { # what the caller is to believe: more members of the outcome follow
    printf '{"outcome":"%s",%s}\n' "$1" "$2"
    exit
}

# The key is on its way by standard input: whoever lists processes sees the arguments of each.
send() {
    status=$(
        curl --silent --max-time "$timeout" --output "$answer" --dump-header "$head" --write-out '%{http_code}' \
            --header @- --data-binary "$body" "$RUNA_BASE_URL/order" <<HEADERS
X-Api-Key: $RUNA_API_KEY
X-Api-Version: $api_version
X-Idempotency-Key: $key
Content-Type: application/json
HEADERS
    ) || { kind=lost type='"no answer"'; return; }
    version=$(header X-Api-Version)
    [ "${version:-$api_version}" = "$api_version" ] || echo "another API version answered: $version" >&2
    if [ "$status" -eq 429 ]; then kind=limited type='"rate limited"'; asked_wait; return; fi
    id=$(member id <"$answer")
    type=$(member type <"$answer")
    : "${type:="\"http_$status\""}"
    case $status,$type,$id in
        1*|*,'"idempotency_in_progress"',*) kind=in_progress ;;
        2*,*,'"'*) kind=created ;;
        4*) kind=final ;;
        *) kind=lost ;;
    esac
}

asked=$(cat)
reference=$(printf '%s' "$asked" | member reference)
order=$(printf '%s' "$asked" | member order)
answer=$(mktemp)
head=$(mktemp)
new=$(mktemp "$state/new.XXXXXX")
trap 'rm -f "$answer" "$head" "$new"' EXIT

# Key and body are on disk before the first attempt. A reference is one order for ever: over retries, restarts,
# and however often this is run with it.
uuid=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n' |
    sed 's/^\(.\{8\}\)\(.\{4\}\).\(...\).\(...\)\(.\{12\}\)$/\1-\2-4\3-a\4-\5/')
record=$state/order.$(printf '%s' "$reference" | od -An -v -tx1 | tr -d ' \n')
printf '%s\n%s\n%s\n' "$uuid" "$(date +%s)" "$order" >"$new"
sync "$new"
in_doubt=no
ln "$new" "$record" 2>/dev/null || in_doubt=yes # whole or not at all, and only if it is the first
{ read -r key; read -r since; read -r body; } <"$record"
[ $(($(date +%s) - since)) -lt "$key_lifetime" ] || tell unknown '"type":"too old to be sent again"'

next_lost=1 next_in_progress=3 next_limited=5 # seconds to wait; twice as long each time that it comes again
attempt=1
asked=0
while send; do
    case $kind,$in_doubt in
        created,*) tell created "\"order_id\":$id" ;;
        final,yes) break ;; # this attempt was refused, but an earlier one may have gone through
        final,no)
            rm "$record" # a corrected order has to go out under a new key
            tell rejected "\"type\":$type"
            ;;
        lost,*) pause=$next_lost next_lost=$((next_lost * 2)) in_doubt=yes ;;
        in_progress,*) pause=$next_in_progress next_in_progress=$((next_in_progress * 2)) in_doubt=yes ;;
        limited,*) pause=$next_limited next_limited=$((next_limited * 2)) ;;
    esac
    [ "$attempt" -lt "$attempts" ] || break
    attempt=$((attempt + 1))
    [ "$pause" -le "$longest_pause" ] || pause=$longest_pause
    [ "$pause" -ge "$asked" ] || pause=$asked
    # The jitter only ever adds: up to a fifth, in hundredths of a second where sleep(1) can.
    jitter=$(($(od -An -N2 -tu2 /dev/urandom) % (pause * 20 + 1)))
    sleep "$((pause + jitter / 100)).$(printf %02d $((jitter % 100)))" 2>/dev/null || sleep $((pause + jitter / 100))
done
tell unknown "\"type\":$type"
