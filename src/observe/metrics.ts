/**
 * The metrics of the program (design 4.8): a prom-client registry made from `metric-table.ts`. Durations are
 * observed as they happen; counts and levels are asked from their owners at each scrape (`sources.ts`).
 */
import { collectDefaultMetrics, Registry } from 'prom-client'
import { negotiate, writeFamilies } from './exposition.ts'
import { makeInstruments } from './instruments.ts'
import type { Refusal } from './metric-table.ts'
import { pull } from './pull.ts'
import type { MetricSource } from './sources.ts'

export interface MetricsPage {
  readonly contentType: string
  readonly body: string
}

export interface Metrics {
  /** One call of the neural net. */
  observeInference(seconds: number, windows: number): void
  observeCommit(seconds: number): void
  /** From the end of a window to its alert being published. */
  observeEndToEnd(seconds: number): void
  /** Something was refused at a named limit. */
  countRefusal(limit: Refusal): void
  /** Adds an owner of figures. @returns a function that takes it out again */
  addSource(source: MetricSource): () => void
  /** @param accept the client's `Accept` header */
  render(accept: string | undefined): Promise<MetricsPage>
  /** Stops what prom-client runs in the background. */
  close(): void
}

export interface MetricsOptions {
  /** Version of the program, for `build_info`. */
  readonly version: string
  /** A source failed during a scrape; the page is served without its figures. */
  onError?(error: unknown): void
  /** False leaves out the figures of the process itself. */
  readonly processMetrics?: boolean
}

/** Sums of `nodejs_active_*{type}`: gauges whose names end like counters, which OpenMetrics doesn't allow. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry()
  if (options.processMetrics ?? true) {
    collectDefaultMetrics({ register: registry })
    for (const name of MISNAMED) registry.removeSingleMetric(name)
  }
  const instruments = makeInstruments(registry)
  const sources = new Set<MetricSource>()
  instruments.gauge('build_info').set({ version: options.version, node: process.versions.node }, 1)
  const failed = (error: unknown) => {
    instruments.counter('scrape_errors_total').inc()
    options.onError?.(error)
  }
  return {
    observeInference(seconds, windows) {
      instruments.histogram('inference_seconds').observe(seconds)
      instruments.histogram('inference_batch_windows').observe(windows)
    },
    observeCommit: (seconds) => instruments.histogram('commit_seconds').observe(seconds),
    observeEndToEnd: (seconds) => instruments.histogram('end_to_end_seconds').observe(seconds),
    countRefusal: (limit) => instruments.counter('refused_total').inc({ limit }),
    addSource(source) {
      sources.add(source)
      return () => sources.delete(source)
    },
    async render(accept) {
      await pull(instruments, [...sources], failed)
      const contentType = negotiate(accept)
      const families = await registry.getMetricsAsJSON()
      return { contentType, body: writeFamilies(families, contentType) }
    },
    close: () => registry.clear(),
  }
}
