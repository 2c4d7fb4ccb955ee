/**
 * One case of `growth.ts` in a process of its own: assets, channels, window, hop, time between readings → memory per
 * asset, CPU per reading, size of the snapshot and the CPU time to restore it. Prints one line of JSON.
 */
import { loadConfig } from '../src/config/load.ts'
import { EMPTY_HEADERS } from '../src/core/ports.ts'
import { decodeState, encodeState } from '../src/core/state.ts'
import { createLane, type Lane } from '../src/engine/lane.ts'
import { makePipeline } from '../src/engine/pipeline.ts'

const PARTITIONS = 4
const BATCH = 5000
const FROM_TS = 1_700_000_000_000 - (1_700_000_000_000 % 3_600_000)
const FREE_SCORER = { score: (_: Float64Array, rows: number) => new Float64Array(rows), dispose() {} }

const [assets = 0, channels = 0, windowMs = 0, hopMs = 0, stepMs = 1000] = process.argv.slice(2).map(Number)
/** So many readings that the compiler settles; the CPU of the first ones is not counted. */
const LEAST_READINGS = 400_000
const WARM_UP = 100_000
/** At least one window is closed, and the last one is half full. */
const PER_WINDOW = windowMs / stepMs
const ROUNDS = PER_WINDOW * (Math.ceil(LEAST_READINGS / assets / PER_WINDOW) + 0.5)
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

const timeOf = (round: number) => FROM_TS + round * stepMs

/** The bytes of a reading; values move, so that nothing is a repetition. */
function readingOf(asset: string, round: number, at: number): Uint8Array {
  const ts = timeOf(round)
  const values = names.map((name, i) => `"${name}":${((round * 7 + at * 3 + i) % 1000) / 10}`).join()
  return encoder.encode(`{"asset":"${asset}","ts":${ts},"values":{${values}}}`)
}

const ids = Array.from({ length: assets }, (_, i) => `asset-${String(i).padStart(6, '0')}`)

/** @returns CPU µs per reading */
function feed(lanes: readonly Lane[]): number {
  let [cpuMicros, counted, offset] = [0, 0, 0]
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
      if (offset <= WARM_UP) continue
      cpuMicros += user + system
      counted += records.length
    }
  }
  return cpuMicros / counted
}

/** Arrays that are gone are counted until the collector has come twice. */
async function memoryBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** What the law of growth is told in: windows open and readings remembered, over all assets. */
function held(all: readonly Lane[]) {
  const states = all.flatMap(({ partition }) => [...partition.assets.values()].flat())
  return {
    windows: states.reduce((sum, { windows }) => sum + windows.length, 0) / assets,
    remembered: states.reduce((sum, { recent }) => sum + recent.length, 0) / assets,
  }
}

const emptyBytes = await memoryBytes()
const lanes = Array.from({ length: PARTITIONS }, (_, i) => makeLane(i))
const cpuMicrosPerReading = feed(lanes)
const stateBytes = (await memoryBytes()) - emptyBytes
const { windows, remembered } = held(lanes)
const encodedFrom = cpuSeconds()
const snapshots = lanes.map(({ partition }) => encodeState(partition, 1, [pipeline.definition], 0).records)
const encodeSeconds = cpuSeconds() - encodedFrom
const snapshotBytes = snapshots.flat().reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
const restoredFrom = cpuSeconds()
// Kept until they are counted: what is restored takes memory, and collecting garbage is part of its time.
const again = snapshots.map((records) => {
  const latest = new Map(records.flatMap(({ key, value }) => (value ? [[key, value] as const] : [])))
  const lane = makeLane(0)
  decodeState(lane.partition, latest, [pipeline.definition])
  return lane
})
const restoreSeconds = cpuSeconds() - restoredFrom
if (held(again).windows !== windows) throw new Error('what was restored is not what was written')
console.log(
  JSON.stringify({
    'open windows': windows,
    'readings remembered': remembered,
    'bytes of memory': stateBytes / assets,
    'bytes of snapshot': snapshotBytes / assets,
    'CPU µs per reading': cpuMicrosPerReading,
    'CPU µs to write': (encodeSeconds / assets) * 1e6,
    'CPU µs to restore': (restoreSeconds / assets) * 1e6,
  }),
)
