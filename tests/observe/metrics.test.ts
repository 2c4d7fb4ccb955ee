import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { METRIC_PREFIX, METRICS } from '../../src/observe/metric-table.ts'
import { createMetrics, type Metrics } from '../../src/observe/metrics.ts'

const OPEN = 'application/openmetrics-text'
let metrics: Metrics
let errors: unknown[]
beforeEach(() => {
  errors = []
  metrics = createMetrics({ version: '1.2.3', onError: (error) => errors.push(error) })
})
afterEach(() => metrics.close())

/** Value of each sample line, by name and labels. */
async function samples(): Promise<Map<string, number>> {
  const { body } = await metrics.render(undefined)
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
}

describe('the table', () => {
  it('has names, labels and buckets that Prometheus takes', () => {
    for (const [name, { type, help, labels }] of Object.entries(METRICS)) {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
      expect(name.endsWith('_total'), name).toBe(type === 'counter')
      expect(help.length).toBeGreaterThan(10)
      expect(labels).not.toContain('asset')
    }
  })

  it('is on the page in full, in both formats', async () => {
    const { body } = await metrics.render(undefined)
    const open = (await metrics.render(OPEN)).body
    for (const [name, { type }] of Object.entries(METRICS)) {
      expect(body).toContain(`# TYPE ${METRIC_PREFIX}${name} ${type}\n`)
      const family = name.replace(/_(total|info)$/, '')
      expect(open).toContain(`# TYPE ${METRIC_PREFIX}${family} ${name.endsWith('_info') ? 'info' : type}\n`)
    }
    expect(open.endsWith('\n# EOF\n')).toBe(true)
  })

  it('names every sample of the OpenMetrics page after its family and type', async () => {
    const { body } = await metrics.render(OPEN)
    const suffixes: Record<string, RegExp> = {
      counter: /^_total$/,
      info: /^_info$/,
      gauge: /^$/,
      histogram: /^_(bucket|sum|count)$/,
      summary: /^(_sum|_count)?$/,
    }
    let family = ''
    let type = ''
    for (const line of body.split('\n')) {
      if (line.startsWith('# TYPE')) [, , family = '', type = ''] = line.split(' ')
      if (line === '' || line.startsWith('#')) continue
      const name = line.split(/[{ ]/)[0] ?? ''
      expect(name.startsWith(family), line).toBe(true)
      expect(name.slice(family.length), line).toMatch(suffixes[type] ?? /never/)
    }
  })
})

describe('sources', () => {
  it('set counters to absolute values, scrape after scrape', async () => {
    let windowed = 10
    const remove = metrics.addSource({
      received: () => ({ decoded: windowed + 2, rejected: 1 }),
      readings: () => [{ pipeline: 'pumps', result: 'windowed', count: windowed }],
      deadLetters: () => ({ late: 2 }),
    })
    metrics.addSource({ deadLetters: () => ({ late: 1, 'not-json': 4 }) })
    await samples()
    windowed = 25
    const after = await samples()
    expect(after.get('forewarn_received_total{result="decoded"}')).toBe(27)
    expect(after.get('forewarn_readings_total{pipeline="pumps",result="windowed"}')).toBe(25)
    expect(after.get('forewarn_dead_letters_total{reason="late"}')).toBe(3)
    expect(after.get('forewarn_dead_letters_total{reason="not-json"}')).toBe(4)
    remove()
    expect((await samples()).get('forewarn_dead_letters_total{reason="late"}')).toBe(1)
  })

  it('show levels, lags, queues, models', async () => {
    metrics.addSource({
      windowsOpen: () => 7,
      windowsClosed: () => ({ watermark: 3, idle: 1 }),
      watermarkLagSeconds: () => [0.1, 3, 40, Number.POSITIVE_INFINITY],
      consumerLag: async () =>
        new Map([
          [0, 5],
          [3, 0],
        ]),
      alerts: () => [{ severity: 'high', transition: 'raised', count: 2 }],
      alertsActive: () => ({ high: 1 }),
      queues: () => [{ queue: 'ingest', depth: 3, limit: 20_000 }],
      tensorsLive: () => 9,
      models: () => [{ pipeline: 'p', model: 'm', version: '1', backend: 'tensorflow' }],
      sseClients: () => 2,
    })
    const page = await samples()
    const expected = {
      windows_open: 7,
      'windows_closed_total{reason="idle"}': 1,
      'watermark_lag_seconds_bucket{le="0.5"}': 1,
      'watermark_lag_seconds_bucket{le="5"}': 2,
      'watermark_lag_seconds_bucket{le="+Inf"}': 3,
      'consumer_lag_records{partition="0"}': 5,
      'consumer_lag_records{partition="3"}': 0,
      'alerts_total{severity="high",transition="raised"}': 2,
      'alerts_active{severity="high"}': 1,
      'queue_depth{queue="ingest"}': 3,
      'queue_limit{queue="ingest"}': 20_000,
      tensors_live: 9,
      'model_info{pipeline="p",model="m",version="1",backend="tensorflow"}': 1,
      sse_clients: 2,
    }
    for (const [name, value] of Object.entries(expected)) {
      expect(page.get(`forewarn_${name}`), name).toBe(value)
    }
    expect((await samples()).get('forewarn_watermark_lag_seconds_count')).toBe(3)
  })

  it('are independent: one that fails is counted and reported, the page is served', async () => {
    metrics.addSource({
      windowsOpen() {
        throw new Error('no state yet')
      },
      consumerLag: () => Promise.reject(new Error('log is closed')),
      tensorsLive: () => 4,
    })
    const page = await samples()
    expect(page.get('forewarn_tensors_live')).toBe(4)
    expect(errors.map(String)).toEqual(['Error: log is closed', 'Error: no state yet'])
    expect(page.get('forewarn_scrape_errors_total')).toBe(2)
  })

  it('are whole on each of many scrapes at once', async () => {
    metrics.addSource({ received: () => ({ decoded: 5 }), consumerLag: async () => new Map([[0, 1]]) })
    const pages = await Promise.all(Array.from({ length: 20 }, () => metrics.render(undefined)))
    for (const { body } of pages) {
      expect(body).toContain('forewarn_received_total{result="decoded"} 5\n')
      expect(body).toContain('forewarn_consumer_lag_records{partition="0"} 1\n')
    }
  })
})

describe('observers', () => {
  it('fill the histograms and count refusals', async () => {
    metrics.observeInference(0.004, 64)
    metrics.observeInference(0.006, 128)
    metrics.observeCommit(0.002)
    metrics.observeEndToEnd(0.3)
    metrics.countRefusal('sse-buffer')
    const page = await samples()
    expect(page.get('forewarn_inference_seconds_count')).toBe(2)
    expect(page.get('forewarn_inference_seconds_bucket{le="0.005"}')).toBe(1)
    expect(page.get('forewarn_inference_batch_windows_sum')).toBe(192)
    expect(page.get('forewarn_commit_seconds_sum')).toBe(0.002)
    expect(page.get('forewarn_end_to_end_seconds_bucket{le="0.5"}')).toBe(1)
    expect(page.get('forewarn_refused_total{limit="sse-buffer"}')).toBe(1)
    expect(page.get(`forewarn_build_info{version="1.2.3",node="${process.versions.node}"}`)).toBe(1)
  })
})
