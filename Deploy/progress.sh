# shellcheck shell=bash
# Sourced by demo and test: runs a command whose output is long.

# progress LOG COMMAND...: runs the command, its whole output into LOG. On a terminal its newest line moves in place;
# elsewhere every line is passed on. When the command fails, the terminal gets the whole log, unless `progress_log=no`.
# Speaks on stderr. Returns the command's exit code.
progress() {
    local log=$1 status=0
    shift
    mkdir -p "$(dirname "$log")"
    if [[ ! -t 2 || ${TERM:-dumb} == dumb ]]; then
        "$@" 2>&1 | tee "$log" >&2 || status=${PIPESTATUS[0]}
        return "$status"
    fi
    local columns
    columns=$(tput cols 2> /dev/null || echo 80)
    "$@" 2>&1 | tee "$log" | moving_line "$columns" || status=${PIPESTATUS[0]}
    printf '\r\033[K' >&2
    if ((status != 0)) && [[ ${progress_log:-yes} == yes ]]; then cat "$log" >&2; fi
    return "$status"
}

# Shows each line over the one before, cut to the width of the terminal.
moving_line() {
    local columns=$1 line
    while IFS= read -r line || [[ -n $line ]]; do
        line=${line//$'\r'/}
        line=${line//$'\t'/ }
        if [[ -n $line ]]; then printf '\r\033[K%s' "${line:0:columns-1}" >&2; fi
    done
}

# took SECONDS: `3 min 07 s`.
took() { printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); }
