#!/usr/bin/env bash
# Forewarn as an engine of the peers' benchmark: windows of BROKERS/IN_TOPIC, scored by the net of WEIGHTS, exactly once
# to OUT_TOPIC. What it finds in its environment: BROKERS, IN_TOPIC, OUT_TOPIC, GROUP, WEIGHTS, STATE_DIR.
# With PEER_KILLS it is killed so many times on its way (killed.ts; `npm run bench killed` runs and judges that); with
# PEER_ENGINES so many engines share the partitions, each a process.
# Before the first run: `npm run build`. It ends on SIGTERM; then it tells how many records were not JSON.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
program="$root/dist/src/main.js"
[ -f "$program" ] || { echo "$program is missing: run npm run build first" >&2; exit 1; }

# The net is written once: its folder is named by the weights.
models="$root/dist/peer-models/$(sha256sum "$WEIGHTS" | cut -c 1-16)"
[ -d "$models/peer-job/1.0.0" ] || node "$root/dist/bench/peer-job/model.js" "$WEIGHTS" "$models" >&2

config="$STATE_DIR/forewarn.json"
cat >"$config" <<JSON
{
  "log": {
    "adapter": "kafka",
    "kafka": { "brokers": "$BROKERS" },
    "group": "$GROUP",
    "prefix": "$GROUP.",
    "topics": { "readings": "$IN_TOPIC", "scores": "$OUT_TOPIC" },
    "ticks": "off"
  },
  "pipelines": [
    {
      "name": "peer-job",
      "assets": "dev-*",
      "window": { "size": "30s", "lateness": "10s" },
      "model": "peer-job",
      "alerts": []
    }
  ],
  "models": { "dir": "$models" },
  "limits": { "batchRecords": 20000, "snapshotRecords": 250000 },
  "http": { "port": 0 }
}
JSON

engines=()
if [ -n "${PEER_KILLS:-}" ]; then
  node "$root/dist/bench/peer-job/killed.js" "$config" "$PEER_KILLS" &
  engines+=($!)
else
  for _ in $(seq "${PEER_ENGINES:-1}"); do
    node ${PEER_NODE_FLAGS:-} "$program" up --role engine --config "$config" &
    engines+=($!)
  done
fi
trap 'kill -TERM "${engines[@]}" 2>/dev/null || true' TERM INT
# The clock is running: what is to be told is told while the engine starts.
echo "BENCH version=forewarn $(node -p "require('$root/package.json').version")"
echo "BENCH guarantee=exactly_once (transactions; state restored after a kill)"
for engine in "${engines[@]}"; do
  while kill -0 "$engine" 2>/dev/null; do wait "$engine" || true; done
done
skipped=$(node "$program" tail dead-letters --config "$config" --from start 2>/dev/null | grep -c '"reason":"not-json"' || true)
echo "BENCH skipped=$skipped"
