/**
 * One case of `growth.ts` in a process of its own: assets, channels, window, hop → memory per asset, CPU per reading,
 * size of the snapshot and the time to restore it. Prints one line of JSON.
 */
import { loadConfig } from '../src/config/load.ts'
import { EMPTY_HEADERS } from '../src/core/ports.ts'
import { decodeState, encodeState } from '../src/core/state.ts'
import { createLane, type Lane } from '../src/engine/lane.ts'
import { makePipeline } from '../src/engine/pipeline.ts'

const PARTITIONS = 4
const READINGS_PER_WINDOW = 30
/** Two windows are closed and the third is half full. */
const ROUNDS = READINGS_PER_WINDOW * 2.5
const BATCH = 5000
const FROM_TS = 1_700_000_000_000 - (1_700_000_000_000 % 3_600_000)
const FREE_SCORER = { score: (_: Float64Array, rows: number) => new Float64Array(rows), dispose() {} }

const [assets = 0, channels = 0, windowMs = 0, hopMs = 0] = process.argv.slice(2).map(Number)
const names = Array.from({ length: channels }, (_, i) => `channel${i}`)
const window = { size: `${windowMs}ms`, hop: `${hopMs}ms`, lateness: '1s' }
const { settings } = loadConfig({
  file: undefined,
  env: {},
  flags: {},
  modelsDir: '',
  base: { pipelines: [{ name: 'growth', window, model: 'free' }] },
})
const [settingsOfPipeline] = settings.pipelines
const pipeline = makePipeline(settingsOfPipeline!, [], settings.limits, {
  name: 'free',
  version: '1.0.0',
  kind: 'failure',
  features: names.map((name) => `${name}.mean`),
  window: settingsOfPipeline!.window,
  units: {},
  hash: '',
  scorer: FREE_SCORER,
})

function makeLane(partition: number): Lane {
  const { limits, log } = settings
  return createLane({ partition, topics: log.topics, pipelines: [pipeline], limits, inferred() {} })
}

const encoder = new TextEncoder()

const timeOf = (round: number) => FROM_TS + Math.round((round * windowMs) / READINGS_PER_WINDOW)

/** The bytes of a reading; values move, so that nothing is a repetition. */
function readingOf(asset: string, round: number, at: number): Uint8Array {
  const ts = timeOf(round)
  const values = names.map((name, i) => `"${name}":${((round * 7 + at * 3 + i) % 1000) / 10}`).join()
  return encoder.encode(`{"asset":"${asset}","ts":${ts},"values":{${values}}}`)
}

const ids = Array.from({ length: assets }, (_, i) => `asset-${String(i).padStart(6, '0')}`)

function feed(lanes: readonly Lane[]): number {
  let cpuMicros = 0
  let offset = 0
  for (let round = 0; round < ROUNDS; round++) {
    for (let from = 0; from < assets; from += BATCH) {
      const records = ids.slice(from, from + BATCH).map((key, i) => ({
        offset: offset++,
        timestamp: timeOf(round),
        key,
        value: readingOf(key, round, from + i),
        headers: EMPTY_HEADERS,
      }))
      const before = process.cpuUsage()
      records.forEach((record, i) => {
        lanes[(from + i) % PARTITIONS]!.take(record)
      })
      for (const lane of lanes) lane.flush()
      const { user, system } = process.cpuUsage(before)
      cpuMicros += user + system
    }
  }
  return cpuMicros / (Math.ceil(ROUNDS) * assets)
}

function memoryBytes(): number {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const emptyBytes = memoryBytes()
const lanes = Array.from({ length: PARTITIONS }, (_, i) => makeLane(i))
const cpuMicrosPerReading = feed(lanes)
const stateBytes = memoryBytes() - emptyBytes
const snapshots = lanes.map(({ partition }) => encodeState(partition, 1, [pipeline.definition], 0).records)
const snapshotBytes = snapshots.flat().reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
const startedMs = performance.now()
snapshots.forEach((records, i) => {
  const latest = new Map(records.flatMap(({ key, value }) => (value ? [[key, value] as const] : [])))
  decodeState(makeLane(i).partition, latest, [pipeline.definition])
})
console.log(
  JSON.stringify({
    'KB of memory per asset': stateBytes / assets / 1000,
    'CPU µs per reading': cpuMicrosPerReading,
    'KB of snapshot per asset': snapshotBytes / assets / 1000,
    'restore s': (performance.now() - startedMs) / 1000,
    'RSS MB': process.memoryUsage.rss() / 1e6,
  }),
)
