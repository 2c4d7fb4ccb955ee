/**
 * Pulls the figures of all sources into the registry at a scrape. Counters are set to absolute values:
 * emptied and filled again in one turn of the event loop, so that no scrape sees them half full.
 */
import type { Instruments } from './instruments.ts'
import type { MetricSource } from './sources.ts'

/**
 * @param failed takes what a source threw; the others are still asked
 */
export async function pull(
  instruments: Instruments,
  sources: readonly MetricSource[],
  failed: (error: unknown) => void,
): Promise<void> {
  const lags = await Promise.all(sources.map((source) => consumerLag(source, failed)))
  empty(instruments)
  for (const lag of lags) {
    for (const [partition, records] of lag) {
      instruments.gauge('consumer_lag_records').inc({ partition }, records)
    }
  }
  for (const source of sources) {
    for (const step of STEPS) attempt(() => step(instruments, source), failed)
  }
}

async function consumerLag(
  source: MetricSource,
  failed: (error: unknown) => void,
): Promise<ReadonlyMap<number, number>> {
  try {
    return (await source.consumerLag?.()) ?? new Map()
  } catch (error) {
    failed(error)
    return new Map()
  }
}

function attempt(step: () => void, failed: (error: unknown) => void): void {
  try {
    step()
  } catch (error) {
    failed(error)
  }
}

const PULLED_COUNTERS = [
  'received_total',
  'readings_total',
  'log_readings_total',
  'left_over_readings_total',
  'bad_quality_values_total',
  'windows_discarded_total',
  'dead_letters_total',
  'replayed_total',
  'windows_closed_total',
  'alerts_total',
] as const

const PULLED_GAUGES = [
  'windows_open',
  'unbalanced_readings',
  'consumer_lag_records',
  'alerts_active',
  'queue_depth',
  'queue_limit',
  'sse_clients',
  'tensors_live',
  'model_info',
] as const

function empty(instruments: Instruments): void {
  for (const name of PULLED_COUNTERS) instruments.counter(name).reset()
  for (const name of PULLED_GAUGES) instruments.gauge(name).reset()
  const lag = instruments.histogram('watermark_lag_seconds')
  lag.reset()
  lag.zero({})
}

type Step = (instruments: Instruments, source: MetricSource) => void

const STEPS: readonly Step[] = [
  (to, from) => addCounts(to, 'received_total', 'result', from.received?.()),
  (to, from) => addCounts(to, 'dead_letters_total', 'reason', from.deadLetters?.()),
  (to, from) => addCounts(to, 'windows_closed_total', 'reason', from.windowsClosed?.()),
  (to, from) => {
    for (const { pipeline, result, count } of from.readings?.() ?? []) {
      to.counter('readings_total').inc({ pipeline, result }, count)
    }
  },
  (to, from) => {
    for (const { severity, transition, count } of from.alerts?.() ?? []) {
      to.counter('alerts_total').inc({ severity, transition }, count)
    }
  },
  (to, from) => {
    for (const [severity, count] of Object.entries(from.alertsActive?.() ?? {})) {
      to.gauge('alerts_active').inc({ severity }, count)
    }
  },
  (to, from) => {
    for (const seconds of from.watermarkLagSeconds?.() ?? []) {
      if (Number.isFinite(seconds)) to.histogram('watermark_lag_seconds').observe(seconds)
    }
  },
  (to, from) => to.counter('replayed_total').inc(from.replayed?.() ?? 0),
  (to, from) => addCounts(to, 'log_readings_total', 'result', from.logReadings?.()),
  (to, from) => to.counter('left_over_readings_total').inc(from.leftOver?.() ?? 0),
  (to, from) => to.counter('bad_quality_values_total').inc(from.badValues?.() ?? 0),
  (to, from) => to.counter('windows_discarded_total').inc(from.windowsDiscarded?.() ?? 0),
  (to, from) => to.gauge('unbalanced_readings').inc(from.unbalanced?.() ?? 0),
  (to, from) => to.gauge('windows_open').inc(from.windowsOpen?.() ?? 0),
  (to, from) => to.gauge('tensors_live').inc(from.tensorsLive?.() ?? 0),
  (to, from) => to.gauge('sse_clients').inc(from.sseClients?.() ?? 0),
  (to, from) => {
    for (const { queue, depth, limit } of from.queues?.() ?? []) {
      to.gauge('queue_depth').inc({ queue }, depth)
      to.gauge('queue_limit').inc({ queue }, limit)
    }
  },
  (to, from) => {
    for (const model of from.models?.() ?? []) to.gauge('model_info').set({ ...model }, 1)
  },
]

function addCounts(
  to: Instruments,
  name: (typeof PULLED_COUNTERS)[number],
  label: string,
  counts: Readonly<Partial<Record<string, number>>> | undefined,
): void {
  for (const [value, count] of Object.entries(counts ?? {})) {
    if (count !== undefined) to.counter(name).inc({ [label]: value }, count)
  }
}
