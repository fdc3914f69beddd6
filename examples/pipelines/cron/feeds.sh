#!/bin/sh
# Publishes the ends of the packages every night: a calendar that people subscribe to, and metrics for the textfile collector of
# node_exporter. A line of the crontab of a host with a web server and node_exporter:
#
#   17 3 * * *  CENBWP_SPEC=/srv/network/cen CENBWP_CALENDAR=/srv/www/cen.ics CENBWP_METRICS=/var/lib/node_exporter/cenbwp.prom /srv/network/feeds.sh
#
# The credentials are those of a role that can only read. Cron mails what is printed here: nothing, unless the run fails.
set -eu

# A run that fails leaves the calendar of the last good one, with its alarms, and in the metrics only that it failed.
cenbwp status -f "$CENBWP_SPEC" --quiet \
    --report ics="$CENBWP_CALENDAR.new" \
    --report openmetrics="$CENBWP_METRICS" >/dev/null
mv "$CENBWP_CALENDAR.new" "$CENBWP_CALENDAR"
