import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AlertEvent, Score } from '../../src/core/records.ts'
import { heldBufferBytes } from '../support/garbage.ts'
import {
  alertEvent,
  alertRecord,
  score,
  scoreRecord,
  startHttp,
  type TestHttp,
  until,
} from '../support/http.ts'
import { type SseEvent, type Subscriber, subscribe } from '../support/sse.ts'

let http: TestHttp
let url: string
const open: Subscriber[] = []
beforeEach(async () => {
  http = await startHttp()
  url = `${await http.listen()}/api/v1/events`
})
afterEach(async () => {
  for (const subscriber of open.splice(0)) subscriber.leave()
  await http.close()
})

async function join(query = '', headers: Record<string, string> = {}, reads = true): Promise<Subscriber> {
  const subscriber = await subscribe(`${url}${query}`, headers, reads)
  open.push(subscriber)
  return subscriber
}

/** One that has been greeted stands at the live events. */
async function joined(query = '', headers: Record<string, string> = {}): Promise<Subscriber> {
  const subscriber = await join(query, headers)
  await subscriber.received('hello', 1)
  return subscriber
}

const T = 1_700_000_000_000
const windowEnds = (events: SseEvent[]) => events.map(({ data }) => (data as Score).windowEnd)
const eventIds = (events: SseEvent[]) => events.map(({ data }) => (data as AlertEvent).id)
const manyScores = (count: number, asset = 'pump-01', from = 0) =>
  Array.from({ length: count }, (_, i) => scoreRecord({ asset, windowEnd: T + (from + i) * 1000 }))

describe('GET /api/v1/events', () => {
  it('greets, then sends scores and alerts as they come', async () => {
    const subscriber = await joined()
    expect(subscriber.events[0]?.data).toEqual({
      version: '0.0.0-test',
      resumed: false,
      gaps: [],
      publish:
        'mosquitto_pub -h 127.0.0.1 -p 1883 -q 1 -t sensors/pump-01 -m \'{"values":{"temperature":61.2,"vibration":0.42}}\'',
    })
    await http.put(scoreRecord({ windowEnd: T }), alertRecord('raised', { raisedAt: T }))
    const [scored] = await subscriber.received('score', 1)
    const [raised] = await subscriber.received('alert', 1)
    expect(scored?.data).toEqual(score({ windowEnd: T }))
    expect(raised?.data).toEqual(alertEvent('raised', { raisedAt: T }))
  })

  it('sends what was there before to nobody', async () => {
    await http.put(...manyScores(5))
    await http.settled()
    const subscriber = await joined()
    await http.put(scoreRecord({ windowEnd: T + 99_000 }))
    expect(windowEnds(await subscriber.received('score', 1))).toEqual([T + 99_000])
  })

  it('filters by asset and by type', async () => {
    const [all, pump, alerts, both] = await Promise.all([
      joined(),
      joined('?asset=pump-02'),
      joined('?type=alert'),
      joined('?asset=pump-02&type=alert'),
    ])
    await http.put(
      scoreRecord({ asset: 'pump-01' }),
      scoreRecord({ asset: 'pump-02' }),
      alertRecord('raised', { asset: 'pump-01' }),
      alertRecord('raised', { asset: 'pump-02' }),
    )
    await all?.received('alert', 2)
    await all?.received('score', 2)
    await both?.received('alert', 1)
    await pump?.received('score', 1)
    await pump?.received('alert', 1)
    await alerts?.received('alert', 2)
    const counts = [all, pump, alerts, both].map((one) => (one?.events.length ?? 0) - 1)
    expect(counts).toEqual([4, 2, 2, 1])
  })

  it.each(['?asset=a%20b', '?type=tick', '?foo=1'])('refuses %s', async (query) => {
    expect((await http.ask(`/api/v1/events${query}`)).statusCode).toBe(400)
  })

  it('is 503 beyond limits.sseClients, and takes the next when one has left', async () => {
    await http.close()
    http = await startHttp({ limits: { sseClients: 2 } })
    url = `${await http.listen()}/api/v1/events`
    const first = await joined()
    await joined()
    const refused = await http.ask('/api/v1/events')
    expect(refused.statusCode).toBe(503)
    expect(refused.headers['retry-after']).toBe('30')
    first.leave()
    await until(async () => (await http.metrics.render(undefined)).body.includes('forewarn_sse_clients 1\n'))
    expect((await joined()).status).toBe(200)
  })

  it('opens no stream for HEAD', async () => {
    expect((await http.ask('/api/v1/events', { method: 'HEAD' })).statusCode).toBe(404)
  })

  it('ends subscriptions when the server closes', async () => {
    const subscriber = await joined()
    await http.close()
    await subscriber.closed
    expect(subscriber.isClosed).toBe(true)
    http = await startHttp()
  })
})

describe('a subscriber that comes back', () => {
  it.each(['header', 'query'])('gets what it missed, each once, in order (id in the %s)', async (where) => {
    const first = await joined()
    await http.put(...manyScores(3), alertRecord('raised', { raisedAt: T }))
    await first.received('score', 3)
    await first.received('alert', 1)
    first.leave()
    await http.put(
      ...manyScores(4, 'pump-01', 3),
      alertRecord('cleared', { raisedAt: T, state: 'closed' }, 2),
    )
    await http.settled()
    const id = first.lastId
    const again =
      where === 'header' ? await joined('', { 'last-event-id': id }) : await joined(`?lastEventId=${id}`)
    await http.put(...manyScores(2, 'pump-01', 7))
    const scores = (await again.received('score', 10)).filter(
      ({ data }) => (data as Score).asset === 'pump-01',
    )
    expect(windowEnds(scores)).toEqual([3, 4, 5, 6, 7, 8].map((i) => T + i * 1000))
    const alerts = (await again.received('alert', 1)).filter(
      ({ data }) => (data as AlertEvent).subject === 'pump-01',
    )
    expect(eventIds(alerts)).toEqual([`pump-01:risk:${T}:2`])
    expect(again.events[0]?.data).toMatchObject({ resumed: true, gaps: [] })
  })

  it('also after a restart of the server', async () => {
    const first = await joined()
    await http.put(...manyScores(2))
    await first.received('score', 2)
    const { log } = http
    await http.close()
    await log.append([alertRecord('raised', { raisedAt: T }), ...manyScores(2, 'pump-01', 2)])
    http = await startHttp({ log })
    url = `${await http.listen()}/api/v1/events`
    const again = await joined('', { 'last-event-id': first.lastId })
    expect(windowEnds(await again.received('score', 2))).toEqual([T + 2000, T + 3000])
    expect(eventIds(await again.received('alert', 1))).toEqual([`pump-01:risk:${T}:1`])
  })

  it('misses nothing and gets nothing twice, however often it is cut while events flow', async () => {
    const assets = Array.from({ length: 8 }, (_, i) => `pump-${i}`)
    const base = await joined()
    let lastId = base.events[0]?.id ?? ''
    const seen: string[] = []
    const total = 600
    const writing = (async () => {
      for (let i = 0; i < total; i++) {
        const asset = assets[i % assets.length] ?? ''
        await http.put(
          alertRecord('updated', { asset, raisedAt: T }, i),
          scoreRecord({ asset, windowEnd: T + i }),
        )
        if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      }
    })()
    const keys = (events: SseEvent[]) =>
      events
        .filter(({ event }) => event !== 'hello')
        .map(({ event, data }) =>
          event === 'alert'
            ? (data as AlertEvent).id
            : `${(data as Score).asset}@${(data as Score).windowEnd}`,
        )
    while (seen.length < 2 * total) {
      const subscriber = await joined('', { 'last-event-id': lastId })
      const want = Math.min(37, 2 * total - seen.length)
      await until(() => subscriber.events.length > want)
      const got = subscriber.events.slice(0, want + 1)
      subscriber.leave()
      seen.push(...keys(got))
      lastId = got.at(-1)?.id ?? lastId
    }
    await writing
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toHaveLength(2 * total)
    await base.received('alert', total)
    expect(new Set(keys(base.events))).toEqual(new Set(seen))
  })

  it('is told of a gap when the log holds it no more, or holds another life', async () => {
    const first = await joined()
    const beyond = (first.events[0]?.id ?? '').replace(/^0/, 'zz')
    const other = await joined('', { 'last-event-id': beyond })
    expect(other.events[0]?.data).toMatchObject({ resumed: true, gaps: ['alerts'] })
  })

  it.each([
    '',
    'x',
    '1-2',
    '0.0.0.0',
    '-1.0.0.0-0.0.0.0',
    '0.0.0.-0.0.0.0',
    `${'9'.repeat(30)}.0.0.0-0.0.0.0`,
    'aa'.repeat(30),
  ])('begins anew with the id "%s"', async (id) => {
    const subscriber = await joined('', { 'last-event-id': id })
    expect(subscriber.events[0]?.data).toMatchObject({ resumed: false, gaps: [] })
  })
})

describe('subscribers that do not read', () => {
  const page = async () => (await http.metrics.render(undefined)).body

  it('are dropped and counted, while another gets everything and memory stays', async () => {
    const frozen = await Promise.all(Array.from({ length: 50 }, () => join('', {}, false)))
    const healthy = await joined()
    const before = heldBufferBytes()
    const events = 10_000
    let most = 0
    let logBytes = 0
    // Larger than life, so that not even the kernel's buffers hold them.
    const padded = (i: number) => {
      const { value, ...record } = scoreRecord({ windowEnd: T + i * 1000 })
      const text = Buffer.from(value ?? []).toString()
      const padding = Buffer.from(`${text.slice(0, -1)},"note":"${'x'.repeat(1500)}"}`)
      logBytes += padding.length
      return { ...record, value: padding }
    }
    for (let i = 0; i < events; i += 500) {
      await http.put(...Array.from({ length: 500 }, (_, k) => padded(i + k)))
      await healthy.received('score', i + 500)
      most = Math.max(most, heldBufferBytes() - before - logBytes)
    }
    expect(windowEnds(await healthy.received('score', events))).toEqual(
      Array.from({ length: events }, (_, i) => T + i * 1000),
    )
    expect(await page()).toContain('forewarn_refused_total{limit="sse-buffer"} 50\n')
    await until(async () => (await page()).includes('forewarn_sse_clients 1\n'))
    expect(frozen).toHaveLength(50)
    // Each may hold its limit, and they share their last write; the rest is what the log itself holds.
    expect(most).toBeLessThan(50 * 256 * 1024 + 4 * 1024 * 1024)
  })

  it('are dropped while they catch up, too', async () => {
    const first = await joined()
    const long = 'x'.repeat(4000)
    await http.put(
      ...Array.from({ length: 9000 }, (_, i) => alertRecord('updated', { raisedAt: i, comment: long })),
    )
    await http.settled()
    await join('', { 'last-event-id': first.events[0]?.id ?? '' }, false)
    await until(async () => (await page()).includes('forewarn_refused_total{limit="sse-buffer"} 1\n'))
  })
})
