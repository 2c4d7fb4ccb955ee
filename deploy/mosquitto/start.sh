#!/bin/sh
# Starts Mosquitto in its container. The passwords come as one file, `name:password` a line; the broker gets them
# hashed, and the rules, in files that only it can read: it warns of others, and will refuse them one day.
set -eu

users=${1:-/run/secrets/mosquitto_users}
run=${2:-/run/mosquitto}
config=${3:-/mosquitto/config}

if [ ! -r "$users" ]; then
  echo "mosquitto: there is no $users that can be read; sh deploy/make-secrets.sh makes it" >&2
  exit 1
fi
umask 077
cat "$users" >"$run/passwords"
cat "$config/acl" >"$run/acl"
mosquitto_passwd -U "$run/passwords"
exec mosquitto -c "$config/mosquitto.conf"
