import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Answer,
  alertRecord,
  alertStateRecord,
  memoryLog,
  readingRecord,
  scoreRecord,
  startHttp,
  type TestHttp,
  TOPICS,
  until,
} from '../support/http.ts'

let http: TestHttp
beforeEach(async () => {
  http = await startHttp()
})
afterEach(() => http.close())

const T = 1_700_000_000_000
const ids = (answer: Answer) => answer.json().items.map((item: { asset: string }) => item.asset)

/** All pages of a list. */
async function walk(url: string): Promise<string[]> {
  const found: string[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const answer: Answer = await http.ask(`${url}${cursor === '' ? '' : `&cursor=${cursor}`}`)
    expect(answer.statusCode).toBe(200)
    found.push(...ids(answer))
    cursor = answer.json().next
  }
  return found
}

describe('GET /api/v1/assets', () => {
  it('is empty at first', async () => {
    expect((await http.ask('/api/v1/assets')).json()).toEqual({ items: [], next: null })
  })

  it('shows who sends before anything has been scored', async () => {
    await http.put(readingRecord('pump-02', T), readingRecord('motor-01', T), {
      topic: TOPICS.readings,
      key: null,
      value: Buffer.from('{}'),
      headers: { type: 'tick' },
      partition: 0,
    })
    const answer = await http.ask('/api/v1/assets')
    expect(answer.json().items).toMatchObject([
      { asset: 'motor-01', state: 'waiting', score: null, class: null },
      { asset: 'pump-02', state: 'waiting', score: null, class: 'pump' },
    ])
  })

  it('shows class, attributes, last score and trend', async () => {
    for (let i = 1; i <= 40; i++) await http.put(scoreRecord({ windowEnd: T + i * 5000, score: i / 100 }))
    await http.settled()
    const [item] = (await http.ask('/api/v1/assets?q=PUMP')).json().items
    expect(item).toMatchObject({
      asset: 'pump-01',
      class: 'pump',
      attributes: { site: 'north', owner: 'ops' },
      state: 'normal',
      severity: null,
      score: 0.4,
      windowEnd: T + 200_000,
      alerts: [],
    })
    expect(item.pipelines[0].last).toMatchObject({ score: 0.4, model: 'pump-health', modelVersion: '1' })
    expect(item.pipelines[0].trend).toEqual(Array.from({ length: 32 }, (_, i) => (i + 9) / 100))
  })

  it('tells alert, acknowledged and silent', async () => {
    await http.put(
      scoreRecord({ asset: 'a-alert' }),
      scoreRecord({ asset: 'b-acknowledged' }),
      scoreRecord({ asset: 'c-silent', closed: 'idle' }),
      scoreRecord({ asset: 'd-normal' }),
      alertRecord('raised', { asset: 'a-alert', severity: 'critical' }),
      alertRecord('raised', { asset: 'b-acknowledged' }),
      alertRecord('acknowledged', { asset: 'b-acknowledged', state: 'acknowledged', by: 'Ann' }, 2),
    )
    await http.settled()
    const items = (await http.ask('/api/v1/assets?q=-')).json().items
    const states = items.map((i: { asset: string; state: string; severity: string }) => [
      i.asset,
      i.state,
      i.severity,
    ])
    expect(states.slice(0, 4)).toEqual([
      ['a-alert', 'alert', 'critical'],
      ['b-acknowledged', 'acknowledged', 'high'],
      ['c-silent', 'silent', null],
      ['d-normal', 'normal', null],
    ])
    expect(items[0].alerts).toEqual(['a-alert:risk:1700000010000'])
  })

  it('pages by id and by risk, each asset once', async () => {
    const assets = Array.from({ length: 25 }, (_, i) => `pump-${String(i).padStart(2, '0')}`)
    await http.put(...assets.map((asset, i) => scoreRecord({ asset, score: ((i * 7) % 25) / 25 })))
    await http.put(
      alertRecord('raised', { asset: 'pump-03', severity: 'low' }),
      alertRecord('raised', { asset: 'pump-04', severity: 'critical' }),
      alertRecord('raised', { asset: 'pump-05', severity: 'critical', state: 'acknowledged' }),
    )
    await http.settled()
    expect(await walk('/api/v1/assets?q=pump&limit=7')).toEqual(assets)
    const byRisk = await walk('/api/v1/assets?q=pump&limit=7&sort=risk')
    expect(byRisk.slice(0, 3)).toEqual(['pump-04', 'pump-03', 'pump-05'])
    expect([...byRisk].sort()).toEqual(assets)
  })

  it('refuses what is no cursor of it, and what it does not know', async () => {
    await http.put(scoreRecord())
    await http.settled()
    const other = Buffer.from('["x",1]').toString('base64url')
    const bad = ['cursor=%00', 'cursor=e30', 'cursor=!!', `cursor=${other}`, `cursor=${other}&sort=risk`]
    for (const query of [...bad, 'limit=0', 'limit=1001', 'limit=x', 'sort=up', 'foo=1', 'limit=1&limit=2']) {
      const answer = await http.ask(`/api/v1/assets?${query}`)
      expect(answer.statusCode, query).toBe(400)
      expect(answer.json().detail, query).toMatch(/query/)
    }
  })

  it('keeps to limits.assets, and counts what it refused', async () => {
    await http.close()
    http = await startHttp({ log: memoryLog(1), limits: { assets: 3 } })
    await http.put(...['a', 'b', 'c', 'd', 'e'].map((asset) => scoreRecord({ asset })))
    const page = async () => (await http.metrics.render(undefined)).body
    while (!(await page()).includes('forewarn_refused_total{limit="board-assets"} 2')) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(ids(await http.ask('/api/v1/assets'))).toEqual(['a', 'b', 'c'])
  })
})

describe('GET /api/v1/assets/{asset}', () => {
  it('adds thresholds, open and closed alerts', async () => {
    await http.put(
      scoreRecord(),
      alertRecord('raised', { raisedAt: T }),
      alertRecord('cleared', { raisedAt: T, state: 'closed' }, 2),
      alertRecord('raised', { raisedAt: T + 1 }),
    )
    await http.settled()
    const answer = await http.ask('/api/v1/assets/pump-01')
    expect(answer.json()).toMatchObject({
      state: 'alert',
      thresholds: [{ pipeline: 'pump-health', rule: 'risk', above: 0.8, clearBelow: 0.6, severity: 'high' }],
      openAlerts: [{ alert: `pump-01:risk:${T + 1}` }],
      closedAlerts: [{ alert: `pump-01:risk:${T}`, state: 'closed' }],
    })
  })

  it('is 404 for one that is not there, 400 for what is no asset id', async () => {
    expect((await http.ask('/api/v1/assets/pump-99')).statusCode).toBe(404)
    expect((await http.ask('/api/v1/assets/a%20b')).statusCode).toBe(400)
    expect((await http.ask(`/api/v1/assets/${'a'.repeat(129)}`)).statusCode).toBe(400)
    expect((await http.ask('/api/v1/assets/__proto__')).statusCode).toBe(404)
  })
})

describe('GET /api/v1/assets/{asset}/scores', () => {
  it('answers the newest first, page by page, within the board’s memory', async () => {
    for (let i = 1; i <= 100; i++) await http.put(scoreRecord({ windowEnd: T + i * 1000 }))
    await http.settled()
    const first = (await http.ask('/api/v1/assets/pump-01/scores?limit=50')).json()
    expect(first.items[0].windowEnd).toBe(T + 100_000)
    const second = (await http.ask(`/api/v1/assets/pump-01/scores?limit=50&cursor=${first.next}`)).json()
    expect(second.items.map((item: { windowEnd: number }) => item.windowEnd)).toEqual(
      Array.from({ length: 14 }, (_, i) => T + (50 - i) * 1000),
    )
    expect(second.next).toBe(null)
  })

  it('keeps pipelines apart, and takes from and to', async () => {
    await http.put(
      ...[1, 2, 3].flatMap((i) =>
        ['p', 'q'].map((pipeline) => scoreRecord({ windowEnd: T + i * 1000, pipeline, score: i / 10 })),
      ),
    )
    await http.settled()
    const all = (await http.ask(`/api/v1/assets/pump-01/scores?from=${T + 2000}&to=${T + 3000}`)).json().items
    expect(all.map((item: { pipeline: string }) => item.pipeline)).toEqual(['p', 'q'])
    const one = (await http.ask('/api/v1/assets/pump-01/scores?pipeline=q&limit=2')).json()
    expect(one.items.map((item: { score: number }) => item.score)).toEqual([0.3, 0.2])
    const rest = (await http.ask(`/api/v1/assets/pump-01/scores?pipeline=q&cursor=${one.next}`)).json()
    expect(rest.items).toHaveLength(1)
    expect((await http.ask('/api/v1/assets/pump-01/scores?cursor=abc')).statusCode).toBe(400)
    expect((await http.ask('/api/v1/assets/none/scores')).statusCode).toBe(404)
  })
})

describe('GET /api/v1/assets/{asset}/readings', () => {
  it('answers readings of this asset alone, newest first, page by page', async () => {
    await http.close()
    const log = memoryLog(1)
    http = await startHttp({ log })
    await http.put(
      scoreRecord(),
      ...Array.from({ length: 30 }, (_, i) => readingRecord(i % 3 ? 'other' : 'pump-01', T + i)),
    )
    await http.put({
      topic: TOPICS.readings,
      key: 'pump-01',
      value: Buffer.from('{}'),
      headers: { type: 'command' },
    })
    await http.settled()
    const seen: number[] = []
    let cursor = ''
    do {
      const page = (await http.ask(`/api/v1/assets/pump-01/readings?limit=3${cursor}`)).json()
      expect(page.items.length).toBeLessThanOrEqual(3)
      seen.push(...page.items.map((item: { ts: number }) => item.ts))
      cursor = page.next === null ? '' : `&cursor=${page.next}`
    } while (cursor !== '')
    expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => T + 27 - 3 * i))
  })

  it('is 404 for an asset that is not there, 400 for a bad cursor', async () => {
    await http.put(scoreRecord())
    await http.settled()
    expect((await http.ask('/api/v1/assets/none/readings')).statusCode).toBe(404)
    expect((await http.ask('/api/v1/assets/pump-01/readings?cursor=WyJhIl0')).statusCode).toBe(400)
    expect((await http.ask('/api/v1/assets/pump-01/readings')).json()).toEqual({ items: [], next: null })
  })
})

it('shows after a restart what it showed before', async () => {
  const { log } = http
  await http.put(
    scoreRecord({ asset: 'pump-01', score: 0.5 }),
    alertRecord('raised', { raisedAt: T }),
    alertStateRecord({ raisedAt: T }),
  )
  await http.settled()
  const before = (await http.ask('/api/v1/assets/pump-01')).json()
  await http.close()
  http = await startHttp({ log })
  await http.settled()
  expect((await http.ask('/api/v1/assets/pump-01')).json()).toEqual(before)
})

describe('clock of an asset', () => {
  const letter = (asset: string, headers: Record<string, string>) => ({
    topic: TOPICS['dead-letters'],
    key: asset,
    value: Buffer.from('{}'),
    headers,
  })
  const ahead = { reason: 'future', 'clock-off-ms': '3600000' }

  it('is null while nothing is wrong, else says what, in the list and alone', async () => {
    await http.put(scoreRecord({ asset: 'pump-01' }), scoreRecord({ asset: 'pump-02' }))
    await http.put(letter('pump-01', ahead), letter('pump-01', ahead))
    await until(async () => (await http.ask('/api/v1/assets/pump-01')).json().clock?.refused === 2)
    const { items } = (await http.ask('/api/v1/assets')).json()
    const [first, second] = items
    expect(first.clock).toMatchObject({ state: 'ahead', byMs: 3_600_000, unit: null, refused: 2 })
    expect(second.clock).toBeNull()
  })

  it('is told of an asset that can never be scored for it', async () => {
    await http.put(readingRecord('pump-02', T))
    await http.put(
      letter('pump-09', ahead),
      letter('pump-10', {
        reason: 'schema',
        detail: 'ts must be epoch ms; it looks like epoch seconds: 1 would be …',
      }),
      letter('no id', ahead),
    )
    await until(async () => (await http.ask('/api/v1/assets')).json().items.length === 3)
    const { items } = (await http.ask('/api/v1/assets')).json()
    expect(items).toMatchObject([
      { asset: 'pump-02', state: 'waiting', clock: null },
      { asset: 'pump-09', state: 'waiting', score: null, clock: { state: 'ahead' } },
      { asset: 'pump-10', state: 'waiting', clock: { state: 'unit', unit: 'seconds', byMs: null } },
    ])
    const alone = (await http.ask('/api/v1/assets/pump-09')).json()
    expect(alone).toMatchObject({ state: 'waiting', clock: { byMs: 3_600_000 }, thresholds: [] })
  })

  it('is read again from the topic at a start', async () => {
    const { log } = http
    await http.put(letter('pump-09', ahead))
    await http.close()
    http = await startHttp({ log })
    await until(async () => (await http.ask('/api/v1/assets/pump-09')).statusCode === 200)
    expect((await http.ask('/api/v1/assets/pump-09')).json().clock).toMatchObject({ state: 'ahead' })
  })
})
