import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { failure } from '../../src/core/errors.ts'
import {
  type Answer,
  alert,
  alertRecord,
  alertStateRecord,
  memoryLog,
  readingRecord,
  startHttp,
  type TestHttp,
  TOPICS,
} from '../support/http.ts'

let http: TestHttp
beforeEach(async () => {
  http = await startHttp()
})
afterEach(() => http.close())

const T = 1_700_000_000_000
const ID = `pump-01:risk:${T}`
const marked = ({ alert }: { alert: string }) => !alert.startsWith('zz-marker')
const found = (answer: Answer): string[] =>
  answer
    .json()
    .items.filter(marked)
    .map(({ alert }: { alert: string }) => alert)

describe('GET /api/v1/alerts', () => {
  beforeEach(async () => {
    await http.put(
      alertRecord('raised', { asset: 'a', raisedAt: T + 1, severity: 'low' }),
      alertRecord('raised', { asset: 'b', raisedAt: T + 2, severity: 'critical' }),
      alertRecord(
        'acknowledged',
        { asset: 'b', raisedAt: T + 2, severity: 'critical', state: 'acknowledged' },
        2,
      ),
      alertRecord('raised', { asset: 'c', raisedAt: T + 3 }),
      alertRecord('cleared', { asset: 'c', raisedAt: T + 3, state: 'closed' }, 2),
    )
    await http.settled()
  })

  it.each([
    ['', ['c:risk', 'b:risk', 'a:risk']],
    ['state=active', ['a:risk']],
    ['state=active,acknowledged', ['b:risk', 'a:risk']],
    ['state=closed', ['c:risk']],
    ['severity=critical', ['b:risk']],
    ['severity=low,critical&state=active', ['a:risk']],
    ['asset=b', ['b:risk']],
    ['asset=nobody', []],
    ['limit=2', ['c:risk', 'b:risk']],
  ])('%s', async (query, expected) => {
    const ids = found(await http.ask(`/api/v1/alerts?${query}`))
    expect(ids.map((id) => id.replace(/:\d+$/, ''))).toEqual(expected)
  })

  it('pages, newest first, each once', async () => {
    const seen: string[] = []
    let cursor = ''
    do {
      const page: Answer = await http.ask(`/api/v1/alerts?limit=1${cursor}`)
      seen.push(...found(page))
      cursor = page.json().next === null ? '' : `&cursor=${page.json().next}`
    } while (cursor !== '')
    expect(seen).toEqual([`c:risk:${T + 3}`, `b:risk:${T + 2}`, `a:risk:${T + 1}`])
  })

  it.each(['state=open', 'state=', 'state=active,', 'severity=worst', 'asset=a%20b', 'cursor=WzFd', 'by=me'])(
    'refuses %s',
    async (query) => {
      expect((await http.ask(`/api/v1/alerts?${query}`)).statusCode).toBe(400)
    },
  )
})

describe('GET /api/v1/alerts/{id}', () => {
  it('takes the id as it is, or percent-encoded', async () => {
    await http.put(alertRecord('raised', { raisedAt: T }))
    await http.settled()
    expect((await http.ask(`/api/v1/alerts/${ID}`)).json()).toEqual(alert({ raisedAt: T }))
    expect((await http.ask(`/api/v1/alerts/${encodeURIComponent(ID)}`)).statusCode).toBe(200)
    expect((await http.ask('/api/v1/alerts/pump-01:risk:1')).statusCode).toBe(404)
    expect((await http.ask('/api/v1/alerts/constructor')).statusCode).toBe(404)
  })
})

describe('POST /api/v1/alerts/{id}/acknowledge', () => {
  const url = `/api/v1/alerts/${ID}/acknowledge`
  beforeEach(async () => {
    await http.put(alertRecord('raised', { raisedAt: T }))
    await http.settled()
  })

  it('answers 202 with the id of the command once it is durable', async () => {
    const before = Date.now()
    const answer = await http.post(url, { by: 'Ann', comment: 'on my way', verdict: 'confirmed' })
    expect(answer.statusCode).toBe(202)
    const [command] = http.commands
    expect(command).toMatchObject({
      command: 'acknowledge',
      asset: 'pump-01',
      alert: ID,
      by: 'Ann',
      comment: 'on my way',
      verdict: 'confirmed',
    })
    expect(answer.json()).toEqual({ id: command?.id })
    expect(command?.id).toMatch(/^[0-9a-f-]{36}$/)
    expect(command?.at).toBeGreaterThanOrEqual(before)
  })

  it('leaves the alert to the engine: it changes when the event comes', async () => {
    await http.post(url, { by: 'Ann' })
    expect((await http.ask(`/api/v1/alerts/${ID}`)).json().state).toBe('active')
    await http.put(alertRecord('acknowledged', { raisedAt: T, state: 'acknowledged', by: 'Ann' }, 2))
    await http.settled()
    expect((await http.ask(`/api/v1/alerts/${ID}`)).json()).toMatchObject({
      state: 'acknowledged',
      by: 'Ann',
    })
  })

  it.each([
    ['nobody', {}],
    ['an empty name', { by: '' }],
    ['a blank name', { by: '  ' }],
    ['a long name', { by: 'x'.repeat(257) }],
    ['a name that is no text', { by: 7 }],
    ['a comment that is no text', { by: 'Ann', comment: 1 }],
    ['a long comment', { by: 'Ann', comment: 'x'.repeat(4097) }],
    ['an unknown field', { by: 'Ann', at: 5 }],
    ['no object', ['Ann']],
    ['null', null],
  ])('refuses %s', async (_what, body) => {
    const answer = await http.post(url, body)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().detail).toMatch(/^body/)
    expect(http.commands).toEqual([])
  })

  it('is 404 for an unknown alert, 409 for a closed one', async () => {
    expect((await http.post('/api/v1/alerts/pump-01:risk:1/acknowledge', { by: 'Ann' })).statusCode).toBe(404)
    await http.put(alertRecord('cleared', { raisedAt: T, state: 'closed' }, 2))
    await http.settled()
    const answer = await http.post(url, { by: 'Ann' })
    expect(answer.statusCode).toBe(409)
    expect(answer.json().detail).toContain('closed')
    expect(http.commands).toEqual([])
  })

  it('is 503 with the reason while the log cannot take it', async () => {
    await http.close()
    http = await startHttp({
      submitCommand: () => Promise.reject(failure('log-full', 'the log holds 8 GiB: raise log.maxBytes')),
    })
    await http.put(alertRecord('raised', { raisedAt: T }))
    await http.settled()
    const answer = await http.post(url, { by: 'Ann' })
    expect(answer.statusCode).toBe(503)
    expect(answer.json().detail).toBe('the log holds 8 GiB: raise log.maxBytes')
  })
})

describe('at the start', () => {
  it('takes open alerts from alert-states, and the history from the events', async () => {
    const log = memoryLog()
    const { raisedAt } = { raisedAt: T }
    await log.append([
      alertRecord('raised', { asset: 'old', raisedAt }),
      alertRecord('cleared', { asset: 'old', raisedAt, state: 'closed' }, 2),
      alertRecord('raised', { asset: 'old', raisedAt: T + 9 }),
      alertStateRecord({ asset: 'old', raisedAt: T + 9 }),
      // Its event is gone: retention has taken it.
      alertStateRecord({ asset: 'older', raisedAt: 5, state: 'acknowledged' }),
      { topic: TOPICS['alert-states'], key: 'gone/risk', value: null },
      { topic: TOPICS['alert-states'], key: 'odd/risk', value: Buffer.from('{"a":') },
      { topic: TOPICS.alerts, key: 'odd', value: Buffer.from('[]') },
      readingRecord('x', 1),
    ])
    const again = await startHttp({ log })
    await again.settled()
    expect(found(await again.ask('/api/v1/alerts?state=active'))).toEqual([`old:risk:${T + 9}`])
    expect(found(await again.ask('/api/v1/alerts?state=acknowledged'))).toEqual(['older:risk:5'])
    expect(found(await again.ask('/api/v1/alerts?state=closed'))).toEqual([`old:risk:${T}`])
    await again.close()
  })
})
