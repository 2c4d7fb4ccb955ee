/** prom-client's counters, gauges and histograms, made from the one table of metrics. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { METRIC_PREFIX, METRICS, type MetricName, type MetricSpec } from './metric-table.ts'

/** The metrics made from the table, by name without prefix. */
export interface Instruments {
  counter(name: MetricName): Counter
  gauge(name: MetricName): Gauge
  histogram(name: MetricName): Histogram
}

export function makeInstruments(registry: Registry): Instruments {
  const counters = new Map<string, Counter>()
  const gauges = new Map<string, Gauge>()
  const histograms = new Map<string, Histogram>()
  const specs: [string, MetricSpec][] = Object.entries(METRICS)
  for (const [name, { type, help, labels, buckets }] of specs) {
    const common = { name: `${METRIC_PREFIX}${name}`, help, labelNames: [...labels], registers: [registry] }
    if (type === 'counter') counters.set(name, new Counter(common))
    else if (type === 'gauge') gauges.set(name, new Gauge(common))
    else histograms.set(name, new Histogram({ ...common, buckets: [...(buckets ?? [])] }))
  }
  return {
    counter: (name) => named(counters, name),
    gauge: (name) => named(gauges, name),
    histogram: (name) => named(histograms, name),
  }
}

function named<T>(instruments: ReadonlyMap<string, T>, name: MetricName): T {
  const found = instruments.get(name)
  if (found === undefined) throw new Error(`metric ${name} has another type: see observe/metric-table.ts`)
  return found
}
