# Brings up what the tests need. Sourced by .ci/run; each function sets the variable that tests look at.

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_updated=""
apt_install() {
  if [ -z "$apt_updated" ]; then
    as_root apt-get update -qq
    apt_updated=yes
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

ensure_chromium() {
  CHROMIUM_PATH=$(command -v chromium || command -v chromium-browser || true)
  if [ -z "$CHROMIUM_PATH" ]; then
    apt_install chromium fonts-dejavu-core
    CHROMIUM_PATH=$(command -v chromium)
  fi
  export CHROMIUM_PATH
}

ensure_promtool() {
  command -v promtool >/dev/null || apt_install prometheus
}

ensure_bubblewrap() {
  command -v bwrap >/dev/null || apt_install bubblewrap
}

# Uses a PostgreSQL that listens already, else starts a throw-away cluster on a free port.
ensure_postgresql() {
  TEST_DATABASE_URL=${TEST_DATABASE_URL:-postgres://postgres@127.0.0.1:5432/postgres}
  if ! node .ci/can-connect.mjs "$TEST_DATABASE_URL"; then
    [ -d /usr/lib/postgresql ] || apt_install postgresql
    pg_start
  fi
  export TEST_DATABASE_URL
}

# Uses a Redis that listens already, else starts a throw-away one on a free port.
ensure_redis() {
  TEST_REDIS_URL=${TEST_REDIS_URL:-redis://127.0.0.1:6379}
  if ! node .ci/can-connect.mjs "$TEST_REDIS_URL"; then
    command -v redis-server >/dev/null || apt_install redis-server
    redis_start
  fi
  export TEST_REDIS_URL
}

redis_start() {
  local port
  port=$(free_port)
  redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --daemonize no --loglevel warning >/dev/null &
  own_redis=$!
  TEST_REDIS_URL=redis://127.0.0.1:$port
  for _ in $(seq 50); do
    if node .ci/can-connect.mjs "$TEST_REDIS_URL"; then return; fi
    sleep 0.1
  done
  echo "redis-server does not answer on $port" >&2
  return 1
}

redis_stop() {
  kill "$own_redis"
}

free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

pg_bin() {
  ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1
}

pg_user() {
  if [ "$(id -u)" -eq 0 ]; then su postgres -c "$1"; else sh -c "$1"; fi
}

pg_start() {
  own_cluster=$(mktemp -d)
  [ "$(id -u)" -ne 0 ] || chown postgres "$own_cluster"
  local port=54329
  pg_user "$(pg_bin)/initdb -D $own_cluster/data -A trust -U postgres >/dev/null"
  pg_user "$(pg_bin)/pg_ctl -D $own_cluster/data -w -o '-p $port -k $own_cluster -c fsync=off -c max_connections=300' -l $own_cluster/log start >/dev/null"
  TEST_DATABASE_URL=postgres://postgres@127.0.0.1:$port/postgres
}

pg_stop() {
  pg_user "$(pg_bin)/pg_ctl -D $own_cluster/data -m immediate stop"
  rm -rf "$own_cluster"
}
