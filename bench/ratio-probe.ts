/**
 * One side of `ratio.ts` in a process of its own: `node ratio-probe.js by-hand|engine READINGS`. Prints CPU seconds per
 * million readings and the windows that were closed, as one line of JSON.
 */
import { loadConfig } from '../src/config/load.ts'
import { EMPTY_HEADERS, type LogRecord } from '../src/core/ports.ts'
import { createLane } from '../src/engine/lane.ts'
import { makePipeline } from '../src/engine/pipeline.ts'
import { handWritten } from './hand-written.ts'
import { loadReadings } from './load-readings.ts'
import { PLANT_CONFIG, STEP_MS } from './plant.ts'

const ASSETS = 1000
/** Made and measured in turns, so that the bytes of few readings are in memory at a time. */
const BATCH = 5000

const [side, count = '1000000'] = process.argv.slice(2)

/** Takes a batch; returns the windows closed so far. */
type Side = (batch: readonly LogRecord[]) => number

function byHand(): Side {
  const { take, done } = handWritten()
  return (batch) => {
    for (const { value } of batch) take(value!)
    return done().windows
  }
}

function engine(): Side {
  const { settings } = loadConfig({ file: undefined, env: {}, flags: {}, modelsDir: '', base: PLANT_CONFIG })
  const [pipeline] = settings.pipelines
  const channels = Object.keys([...loadReadings(1, 1, STEP_MS, 0)].map(valuesOf)[0]!)
  const lane = createLane({
    partition: 0,
    topics: settings.log.topics,
    pipelines: [
      makePipeline(pipeline!, [], settings.limits, {
        name: 'free',
        version: '1.0.0',
        kind: 'failure',
        features: channels.map((channel) => `${channel}.mean`),
        window: pipeline!.window,
        units: {},
        hash: '',
        scorer: { score: (_, rows) => new Float64Array(rows), dispose() {} },
      }),
    ],
    limits: settings.limits,
    inferred() {},
  })
  return (batch) => {
    for (const record of batch) lane.take(record)
    lane.flush()
    return lane.partition.closed.reduce((sum, { watermark }) => sum + watermark, 0)
  }
}

function valuesOf(reading: object): Record<string, unknown> {
  return 'values' in reading ? (reading.values as Record<string, unknown>) : {}
}

const take = side === 'engine' ? engine() : byHand()
const encoder = new TextEncoder()
let batch: LogRecord[] = []
let [windows, cpuMicros, taken] = [0, 0, 0]
for (const reading of loadReadings(ASSETS, Number(count), STEP_MS, 1_700_000_000_000)) {
  const value = encoder.encode(JSON.stringify(reading))
  const { asset: key, ts: timestamp } = reading
  batch.push({ offset: taken++, timestamp, key, value, headers: EMPTY_HEADERS })
  if (batch.length < BATCH) continue
  const before = process.cpuUsage()
  windows = take(batch)
  const { user, system } = process.cpuUsage(before)
  cpuMicros += user + system
  batch = []
}
console.log(JSON.stringify({ cpuSecondsPerMillion: cpuMicros / taken, windows }))
