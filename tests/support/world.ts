/**
 * A small plant, made from a seed: pipelines, limits, assets, and what arrives in `readings` as its clock goes
 * on: readings in and out of order, repeated, broken, early, late; ticks and pulses; silence of some and of all; people
 * who acknowledge. It is the input of the deterministic simulation and of the worker's laws.
 */
import { createRandom, type Random } from '../../simulators/random.ts'
import type { Limits, PipelineSettings } from '../../src/config/settings.ts'
import { partitionOf } from '../../src/core/murmur2.ts'
import type { NewRecord } from '../../src/core/ports.ts'
import { SEVERITIES } from '../../src/core/records.ts'
import { type TopicNames, topicNames } from '../../src/core/topics.ts'
import type { WindowRule } from '../../src/core/window.ts'
import { type EnginePipeline, makePipeline } from '../../src/engine/pipeline.ts'
import { drawHabit, type Habit, habitualCopies, habitualTs } from './habits.ts'
import { smallModel } from './small-net.ts'

const START_MS = 1_700_000_000_000
const ROOMY = 1_000_000

export interface World {
  readonly partitions: number
  readonly topics: TopicNames
  readonly pipelines: readonly EnginePipeline[]
  readonly limits: Limits
  nowMs(): number
  /**
   * Goes on a little.
   * @param openAlerts ids that people can see now
   * @returns what is appended to `readings` by it, all at once
   */
  next(openAlerts: readonly string[]): readonly NewRecord[]
  /** A tick in every partition. */
  tick(): readonly NewRecord[]
  /** The owner of the partitions is a new one: its first tick has no `elapsed`. */
  ownerChanged(): void
}

/** What the parts of a world share. */
interface Plant {
  readonly random: Random
  readonly readings: string
  readonly partitions: number
  readonly assets: readonly string[]
  readonly sent: NewRecord[]
  nowMs: number
  tickMs: number | null
  readonly habits: ReadonlyMap<string, Habit>
  /** Assets that run hot until then. */
  readonly hotUntil: Map<string, number>
  /** Nothing of any asset comes in until then. */
  downUntil: number
  /** Assets of which something was sent, by partition; null where silence is no alert, so that nobody tells of it. */
  readonly known: readonly Set<string>[] | null
  /** Something was sent since the last pulse. */
  isHeard: boolean
}

export function createWorld(seed: number): World {
  const random = createRandom(seed, 'world')
  const topics = topicNames('sim.')
  const partitions = 1 + random.below(3)
  const limits = limitsOf(random)
  // A lone machine with short windows and no model: its normal is learned within the run.
  const isLone = random.below(4) === 0
  const pipelines = pipelinesOf(random, limits, isLone)
  const assets = Array.from(
    { length: isLone ? 1 : 1 + random.below(5) },
    (_, i) => `${pick(random, ['pump', 'motor'])}-${i}`,
  )
  const isWatched = pipelines.some(({ rules }) => rules.noData)
  const plant: Plant = {
    random,
    readings: topics.readings,
    partitions,
    assets,
    // A lone machine keeps time, so that its normal is learned.
    habits: new Map(isLone ? [] : assets.map((asset) => [asset, drawHabit(random, isWatched)])),
    sent: [],
    nowMs: START_MS,
    tickMs: null,
    hotUntil: new Map(),
    downUntil: START_MS,
    known: isWatched ? Array.from({ length: partitions }, () => new Set<string>()) : null,
    isHeard: false,
  }
  return {
    partitions,
    topics,
    pipelines,
    limits,
    nowMs: () => plant.nowMs,
    next: (openAlerts) => nextRecords(plant, openAlerts),
    tick: () => ticks(plant, 1000),
    ownerChanged() {
      plant.tickMs = null
    },
  }
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)]!
}

function limitsOf(random: Random): Limits {
  return {
    payloadBytes: ROOMY,
    inFlightReadings: ROOMY,
    inFlightBytes: ROOMY,
    arrayReadings: ROOMY,
    assets: pick(random, [100, 100, 100, 2]),
    channelsPerAsset: pick(random, [8, 3]),
    openWindowsPerAsset: 12,
    dedupePerAsset: pick(random, [3, 20, 1000]),
    futureByMs: 20_000,
    forgetAfterMs: pick(random, [30_000, 2_592_000_000]),
    batchRecords: 1 + random.below(40),
    snapshotRecords: pick(random, [5, 20, 60]),
    sseClients: 1,
    sseBufferBytes: ROOMY,
    boardScores: 1,
  }
}

function pipelinesOf(random: Random, limits: Limits, isLone: boolean): EnginePipeline[] {
  const patterns = pick(random, [
    ['*'],
    ['pump-*'],
    ['*', 'pump-*'],
    ['pump-*', 'motor-*'],
    ['*', 'pump-*', 'motor-*'],
  ])
  // One pipeline alone may tell of an asset's silence.
  const noDataAt = random.below(1 + patterns.length)
  return patterns.map((assets, i) => {
    const window = windowOf(random, isLone)
    const settings: PipelineSettings = {
      name: `line-${i}`,
      assets,
      window,
      features: 'default',
      model: isLone || random.below(4) === 0 ? null : 'small',
      learn: { windows: 20 },
      alerts: Array.from({ length: 1 + random.below(2) }, (_, n) => ({
        rule: `rule-${i}-${n}`,
        above: pick(random, [0.5, 0.7, 0.9]),
        clearBelow: pick(random, [0.3, 0.5]),
        onDelay: pick(random, [{ windows: 1 }, { windows: 2 }, { ms: 3000 }]),
        offDelay: pick(random, [{ windows: 1 }, { windows: 3 }, { ms: 2000 }]),
        severity: pick(random, ['low', 'high', 'critical'] as const),
      })),
      noData:
        i === noDataAt
          ? { afterMs: pick(random, [2000, 4000, 9000]), severity: pick(random, SEVERITIES) }
          : null,
    }
    return makePipeline(settings, [], limits, settings.model === null ? null : smallModel(window))
  })
}

/** Windows of a time for the most part, sizes and hops that divide neither each other nor the epoch among them. */
function windowOf(random: Random, isShort: boolean): WindowRule {
  const latenessMs = pick(random, [0, 500, 2000])
  const moreMs = random.below(3000)
  const kind = random.below(4)
  if (kind === 0) {
    const count = 2 + random.below(8)
    return { count, hop: 1 + random.below(count), latenessMs, idleMs: latenessMs + moreMs }
  }
  if (kind === 1) {
    const gapMs = 200 + random.below(800)
    return { gapMs, maxMs: gapMs + random.below(9000), latenessMs, idleMs: gapMs + latenessMs + moreMs }
  }
  const sizeMs = isShort ? 1000 : pick(random, [1000, 2000, 5000, 3700])
  const hopMs = pick(random, [sizeMs, sizeMs, Math.round(sizeMs / 3), sizeMs / 2])
  return { sizeMs, hopMs, latenessMs, idleMs: sizeMs + latenessMs + moreMs }
}

function nextRecords(plant: Plant, openAlerts: readonly string[]): readonly NewRecord[] {
  const { random } = plant
  if (plant.nowMs < plant.downUntil) return ticks(plant, 3000)
  const dice = random.uniform()
  if (dice < 0.12 || (plant.known && dice > 0.75)) return ticks(plant, 1000)
  if (plant.known && random.below(30) === 0) plant.downUntil = plant.nowMs + random.below(12_000)
  if (dice < 0.14) return ticks(plant, 15_000)
  if (dice < 0.2) return [command(plant, openAlerts)]
  if (dice < 0.24) return [broken(plant)]
  if (dice < 0.3 && plant.sent.length > 0) return [pick(random, plant.sent.slice(-30))]
  const records = Array.from({ length: 1 + random.below(6) }, () => reading(plant)).flat()
  plant.sent.push(...records)
  hear(plant, records)
  // Now and then the newest comes first: the order of arrival is not the order of time.
  return random.below(4) === 0 ? records.reverse() : records
}

const encoder = new TextEncoder()

function recordOf(plant: Plant, key: string | null, value: unknown, type?: string): NewRecord {
  const bytes = encoder.encode(typeof value === 'string' ? value : JSON.stringify(value))
  return { topic: plant.readings, key, value: bytes, ...(type === undefined ? {} : { headers: { type } }) }
}

/** A tick in every partition, as the one owner of all appends them. */
function ticks(plant: Plant, aboutMs: number): NewRecord[] {
  plant.nowMs += plant.random.below(aboutMs)
  const elapsed = plant.tickMs === null ? 0 : plant.nowMs - plant.tickMs
  plant.tickMs = plant.nowMs
  const toAll = (type: string, value: (partition: number) => object) =>
    Array.from({ length: plant.partitions }, (_, partition) => ({
      ...recordOf(plant, null, value(partition), type),
      partition,
    }))
  return [...toAll('tick', () => ({ ts: plant.nowMs, elapsed })), ...pulses(plant, toAll)]
}

/** An engine that has heard somebody tells all partitions. */
function pulses(
  plant: Plant,
  toAll: (type: string, value: (partition: number) => object) => NewRecord[],
): NewRecord[] {
  const { known, isHeard, nowMs } = plant
  if (known === null || known.length === 1 || !isHeard) return []
  plant.isHeard = false
  const all = known.reduce((sum, { size }) => sum + size, 0)
  return toAll('pulse', (partition) => ({ ts: nowMs, others: all - known[partition]!.size }))
}

function hear(plant: Plant, records: readonly NewRecord[]): void {
  const { known, partitions } = plant
  for (const { key } of records) if (key) known?.[partitionOf(key, partitions)]?.add(key)
  plant.isHeard ||= records.length > 0
}

function command(plant: Plant, openAlerts: readonly string[]): NewRecord {
  const { random } = plant
  const alert = openAlerts.length > 0 && random.below(5) > 0 ? pick(random, openAlerts) : 'pump-0:rule-0-0:1'
  const asset = alert.slice(0, alert.indexOf(':'))
  const id = `c-${random.below(1000)}`
  if (random.below(8) === 0) {
    const retired = pick(random, [...plant.assets, 'fan-9'])
    const request = { id, command: 'retire', asset: retired, by: 'ann', at: plant.nowMs }
    return recordOf(plant, retired, request, 'command')
  }
  return recordOf(
    plant,
    asset,
    { id, command: 'acknowledge', asset, alert, by: 'ann', at: plant.nowMs },
    'command',
  )
}

function reading(plant: Plant): NewRecord[] {
  const { random } = plant
  plant.nowMs += random.below(400)
  const asset = random.below(40) === 0 ? pick(random, ['fan-9', 'pump-77']) : pick(random, plant.assets)
  const dice = random.below(60)
  const offMs = dice === 0 ? 60_000 : dice < 3 ? -random.below(20_000) : dice < 20 ? -random.below(3000) : 0
  const values = valuesOf(plant, asset)
  const arrival = random.below(50) === 0 ? { tsSource: 'arrival' } : {}
  const habit = plant.habits.get(asset) ?? 'steady'
  const ts = habitualTs(habit, plant.nowMs + offMs, random)
  const record = recordOf(plant, asset, { asset, ts, values, ...arrival })
  return Array.from({ length: habitualCopies(habit, plant.nowMs, random) }, () => record)
}

function valuesOf(plant: Plant, asset: string): Record<string, number | null> {
  const { random, hotUntil } = plant
  if (random.below(20) === 0) hotUntil.set(asset, plant.nowMs + 3000 + random.below(12_000))
  const isHot = (hotUntil.get(asset) ?? 0) > plant.nowMs
  const round = (value: number) => Math.round(value * 1000) / 1000
  const values: Record<string, number | null> = {
    temperature: round(50 + 3 * random.normal() + (isHot ? 40 : 0)),
    vibration: random.below(20) === 0 ? null : round(2 + 0.5 * random.normal() + (isHot ? 8 : 0)),
  }
  if (random.below(30) === 0) values[`extra-${random.below(4)}`] = round(random.normal())
  if (random.below(200) === 0) values.temperature = pick(random, [1e308, -1e308, 1e150, 0])
  return values
}

/** What is no reading, tick or command, whoever wrote it. */
function broken(plant: Plant): NewRecord {
  const { random } = plant
  const asset = pick(random, plant.assets)
  return pick(random, [
    recordOf(plant, asset, '{"asset":'),
    recordOf(plant, asset, ''),
    recordOf(plant, asset, { asset: 'somebody-else', ts: plant.nowMs, values: {} }),
    recordOf(plant, asset, { asset, ts: 'noon', values: {} }),
    recordOf(plant, asset, { asset, ts: plant.nowMs, values: { temperature: 'hot' } }),
    recordOf(
      plant,
      'no id',
      `{"asset":"no id","ts":${plant.nowMs},"values":{"temperature":1,"vibration":1}}`,
    ),
    recordOf(plant, asset, { ts: 1e300, elapsed: 0 }, 'tick'),
    recordOf(plant, asset, { id: 'c', command: 'acknowledge', asset, by: 'ann', at: 1e300 }, 'command'),
    recordOf(plant, asset, { id: 'c', command: 'explode', asset }, 'command'),
    recordOf(plant, asset, '{}', 'unheard-of'),
    { topic: plant.readings, key: asset, value: null },
  ])
}
