#!/bin/sh
# Makes the passwords and tokens of docker-compose.yml, and `.env`, which tells it where they are. What is there
# already is left as it is: to change one, remove its file (with mqtt_password also mosquitto_users, which holds it
# too), run this again, then `docker compose up --detach --force-recreate`.
#
# The folder can be entered by its owner only. The files in it can be read by all, since Docker mounts them as they
# are and the programs in the containers run as users of their own.
set -eu
cd "$(dirname "$0")/.."

folder=${1:-deploy/secrets}
env_file=${2:-.env}

secret() {
  head -c 24 /dev/urandom | od -An -vtx1 | tr -d ' \n'
}

keep() {
  file=$folder/$1
  [ -e "$file" ] && return
  cat >"$file.new"
  chmod 444 "$file.new"
  mv "$file.new" "$file"
  echo "made $file"
}

mkdir -p "$folder"
chmod 700 "$folder"
secret | keep http_token
secret | keep mqtt_password
printf 'forewarn:%s\nsensors:%s\nreaders:%s\n' "$(cat "$folder/mqtt_password")" "$(secret)" "$(secret)" |
  keep mosquitto_users
printf 'sensors: "%s"\nreaders: "%s"\n' "$(secret)" "$(secret)" | keep single_mqtt_users

if [ ! -e "$env_file" ]; then
  cp .env.example "$env_file"
  echo "made $env_file"
fi
case $folder in /*) path=$folder ;; *) path=./$folder ;; esac
if ! grep -q '^SECRETS_DIR=' "$env_file"; then
  printf '\nSECRETS_DIR=%s\n' "$path" >>"$env_file"
fi
cat <<END
The token of the dashboard and the API: $folder/http_token
The accounts of sensors and readers:    $folder/mosquitto_users (single container: $folder/single_mqtt_users)
END
