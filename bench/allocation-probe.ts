/**
 * Measures heap bytes per reading in a process that never collects garbage meanwhile (`allocation.ts` starts it with a
 * young generation larger than all that it allocates). Prints one line of JSON.
 */
import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import { loadConfig } from '../src/config/load.ts'
import { makeReadingDecoder } from '../src/core/decode.ts'
import { wholeOf } from '../src/core/page.ts'
import { PagedRecord, spanOf } from '../src/core/paged-record.ts'
import { EMPTY_HEADERS, type LogRecord, type NewRecord } from '../src/core/ports.ts'
import { createLane, type Lane } from '../src/engine/lane.ts'
import { makePipeline } from '../src/engine/pipeline.ts'
import { encodeBatch as encodeStored } from '../src/eventlog/codec.ts'
import { encodeBatch, scanBatches } from '../src/eventlog/kafka-batch.ts'
import { runOf } from '../src/eventlog/kafka-run.ts'
import { loadReadings } from './load-readings.ts'
import { CHANNELS, PLANT_CONFIG, STEP_MS } from './plant.ts'

const ASSETS = 250
/** Until the compiler has seen enough to keep numbers out of the heap. */
const WARM_UP = 150_000
const MEASURED = 50_000
const BATCH = 5000
/** Records of a Kafka batch as producers send them. */
const PRODUCED = 500

/** The model costs what TensorFlow costs; here it is the path around it that counts. */
const FREE_SCORER = { score: (_: Float64Array, rows: number) => new Float64Array(rows), dispose() {} }

const WRITER = { producerId: 1n, producerEpoch: 0, transactional: false }

const { settings } = loadConfig({ file: undefined, env: {}, flags: {}, modelsDir: '', base: PLANT_CONFIG })
const encoder = new TextEncoder()
const records: LogRecord[] = []
for (const reading of loadReadings(ASSETS, WARM_UP + 2 * MEASURED, STEP_MS, 1_700_000_000_000)) {
  const value = encoder.encode(JSON.stringify(reading))
  const { asset: key, ts: timestamp } = reading
  const { page, start, end } = wholeOf(value)
  // As logs make them.
  records.push(new PagedRecord(records.length, timestamp, key, EMPTY_HEADERS, page, start, end))
}

function makeLane(): Lane {
  const channels = Object.keys(JSON.parse(new TextDecoder().decode(records[0]!.value!)).values)
  const features = channels.slice(0, CHANNELS).map((channel) => `${channel}.mean`)
  const [pipeline] = settings.pipelines
  const model = {
    name: 'free',
    version: '1.0.0',
    kind: 'failure',
    features,
    window: pipeline!.window,
    units: {},
    hash: '',
    scorer: FREE_SCORER,
  } as const
  return createLane({
    partition: 0,
    topics: settings.log.topics,
    pipelines: [makePipeline(pipeline!, [], settings.limits, model)],
    limits: settings.limits,
    inferred() {},
  })
}

function takeAll(lane: Lane, part: readonly LogRecord[]): void {
  for (let from = 0; from < part.length; from += BATCH) {
    for (const record of part.slice(from, from + BATCH)) lane.take(record)
    lane.flush()
  }
}

/** Heap bytes from closed windows to score and alert records, per window. */
function bytesPerWindow(lane: Lane, part: readonly LogRecord[]): number {
  const closed = () => lane.partition.closed.reduce((sum, { watermark }) => sum + watermark, 0)
  const closedBefore = closed()
  let bytes = 0
  for (let from = 0; from < part.length; from += BATCH) {
    for (const record of part.slice(from, from + BATCH)) lane.take(record)
    const before = getHeapStatistics().used_heap_size
    lane.flush()
    bytes += getHeapStatistics().used_heap_size - before
  }
  return bytes / (closed() - closedBefore)
}

const decoder = makeReadingDecoder(settings.limits.channelsPerAsset)

/** Readings of a shape that was met before. */
function decodeAll(part: readonly LogRecord[]): void {
  for (const record of part) {
    if (decoder.decode(spanOf(record), record.key) !== null) throw new Error('a reading was refused')
  }
}

/** What the embedded log makes of an append. */
function storeAll(part: readonly NewRecord[]): void {
  for (let from = 0; from < part.length; from += PRODUCED) {
    encodeStored(part.slice(from, from + PRODUCED), from, 1_700_000_000_000)
  }
}

function appended(part: readonly LogRecord[]): NewRecord[] {
  return part.map(({ key, value }) => ({ topic: 'readings', key, value }))
}

const lane = makeLane()

function kafkaBatches(part: readonly LogRecord[]): Buffer[] {
  return Array.from({ length: Math.ceil(part.length / PRODUCED) }, (_, i) => {
    const chunk = part.slice(i * PRODUCED, (i + 1) * PRODUCED)
    return encodeBatch(appended(chunk), { writer: WRITER, sequence: 0, timestamp: 0, compression: 'none' })
  })
}

function readAll(batches: readonly Buffer[]): void {
  for (const batch of batches) runOf(scanBatches(batch, 0, []).batches).forEach(() => {})
}

/** Heap bytes that `work` allocates, per reading. */
function bytesPerReading(work: () => void): number {
  globalThis.gc?.()
  const before = getHeapStatistics().used_heap_size
  work()
  return (getHeapStatistics().used_heap_size - before) / MEASURED
}

let collections = 0
const warmUp = records.slice(0, WARM_UP)
const [measured, further] = [records.slice(WARM_UP, WARM_UP + MEASURED), records.slice(WARM_UP + MEASURED)]
decodeAll(warmUp)
storeAll(appended(warmUp))
takeAll(lane, warmUp)
readAll(kafkaBatches(warmUp))
const batches = kafkaBatches(measured)
const stored = appended(measured)
const observer = new PerformanceObserver((list) => {
  collections += list.getEntries().length
})
globalThis.gc?.()
await new Promise((resolve) => setTimeout(resolve, 10))
observer.observe({ entryTypes: ['gc'] })
const engine = bytesPerReading(() => takeAll(lane, measured))
const kafkaRead = bytesPerReading(() => readAll(batches))
const decode = bytesPerReading(() => decodeAll(measured))
const embeddedAppend = bytesPerReading(() => storeAll(stored))
globalThis.gc?.()
const window = bytesPerWindow(lane, further)
await new Promise((resolve) => setTimeout(resolve, 10))
// The calls of `gc` are our own.
const OURS = 5
console.log(
  JSON.stringify({ engine, decode, window, kafkaRead, embeddedAppend, collections: collections - OURS }),
)
