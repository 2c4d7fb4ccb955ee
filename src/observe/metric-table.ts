/**
 * The one table of metrics (design 4.8): name, type, unit in the name, labels and buckets. `metrics.ts`
 * makes them from it; docs and tests read it too. Labels are bounded: none ever names an asset.
 */

export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[]
}

export const METRIC_PREFIX = 'forewarn_'

const LAG_SECONDS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600, 21_600, 86_400]
const WORK_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
const END_TO_END_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 20, 30, 45, 60, 120, 300, 900]
const BATCH_WINDOWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]

/** Names without the prefix. */
export const METRICS = {
  received_total: {
    type: 'counter',
    help: 'Payload elements that ingest took, by result: decoded, rejected, unassigned',
    labels: ['result'],
  },
  readings_total: {
    type: 'counter',
    help: 'Decoded readings by what became of them: windowed, late, duplicate, future',
    labels: ['pipeline', 'result'],
  },
  log_readings_total: {
    type: 'counter',
    help: 'Readings that the engine took from the log, by result: decoded, rejected, unassigned',
    labels: ['result'],
  },
  unbalanced_readings: {
    type: 'gauge',
    help: 'Readings that no count accounts for, over log_readings_total and readings_total; 0 when all is right',
    labels: [],
  },
  left_over_readings_total: {
    type: 'counter',
    help: 'Readings in no score: they came behind the last full window of a count, before a pause',
    labels: [],
  },
  bad_quality_values_total: {
    type: 'counter',
    help: 'Values of decoded readings that count as not measured, since the sender says that their quality is bad',
    labels: [],
  },
  windows_discarded_total: {
    type: 'counter',
    help: 'Open windows discarded at a start, since the definition of their pipeline had changed',
    labels: [],
  },
  dead_letters_total: {
    type: 'counter',
    help: 'Records sent to the dead-letters topic, by reason',
    labels: ['reason'],
  },
  replayed_total: {
    type: 'counter',
    help: 'Readings that were dead letters and came again by a replay; received_total does not count them again',
    labels: [],
  },
  windows_open: { type: 'gauge', help: 'Windows that still take readings', labels: [] },
  windows_closed_total: {
    type: 'counter',
    help: 'Windows closed, by what closed them: watermark, idle, end',
    labels: ['reason'],
  },
  watermark_lag_seconds: {
    type: 'histogram',
    help: 'Wall time minus watermark over the assets as they are now (each asset counts once per scrape)',
    labels: [],
    buckets: LAG_SECONDS,
  },
  consumer_lag_records: {
    type: 'gauge',
    help: 'Records of the readings topic that the engine has not read yet',
    labels: ['partition'],
  },
  inference_seconds: {
    type: 'histogram',
    help: 'Time of one call of the neural net',
    labels: [],
    buckets: WORK_SECONDS,
  },
  inference_batch_windows: {
    type: 'histogram',
    help: 'Windows scored by one call of the neural net',
    labels: [],
    buckets: BATCH_WINDOWS,
  },
  commit_seconds: {
    type: 'histogram',
    help: 'Time to make effects, state and position of a batch durable',
    labels: [],
    buckets: WORK_SECONDS,
  },
  end_to_end_seconds: {
    type: 'histogram',
    help: 'Time from the end of a window to its alert being published',
    labels: [],
    buckets: END_TO_END_SECONDS,
  },
  alerts_total: {
    type: 'counter',
    help: 'Transitions of alerts: raised, updated, acknowledged, cleared, closed',
    labels: ['severity', 'transition'],
  },
  alerts_active: { type: 'gauge', help: 'Open alerts by severity', labels: ['severity'] },
  queue_depth: { type: 'gauge', help: 'What a bounded queue holds now', labels: ['queue'] },
  queue_limit: { type: 'gauge', help: 'What a bounded queue can hold', labels: ['queue'] },
  refused_total: {
    type: 'counter',
    help: 'Requests, clients and assets refused at a named limit, by limit',
    labels: ['limit'],
  },
  sse_clients: { type: 'gauge', help: 'Live subscribers of /api/v1/events', labels: [] },
  tensors_live: {
    type: 'gauge',
    help: 'Tensors that the backend holds; constant between batches',
    labels: [],
  },
  model_info: {
    type: 'gauge',
    help: 'Models being served',
    labels: ['pipeline', 'model', 'version', 'backend'],
  },
  build_info: { type: 'gauge', help: 'Version of the program', labels: ['version', 'node'] },
  scrape_errors_total: {
    type: 'counter',
    help: 'Sources of figures that failed during a scrape',
    labels: [],
  },
} as const satisfies Record<string, MetricSpec>

export type MetricName = keyof typeof METRICS

/** Where the program refuses because slowing its source can't help (law 5): values of the label `limit`. */
export const REFUSALS = [
  'request-rate',
  'token',
  'host',
  'body-bytes',
  'sse-clients',
  'sse-buffer',
  'board-assets',
  'board-alerts',
  'assets',
  'mqtt-connections',
  'mqtt-qos0',
] as const

export type Refusal = (typeof REFUSALS)[number]
