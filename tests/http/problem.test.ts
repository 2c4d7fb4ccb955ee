import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { alertRecord, startHttp, type TestHttp } from '../support/http.ts'

let http: TestHttp
let logged: string
beforeEach(async () => {
  logged = ''
  http = await startHttp({
    logStream: {
      write(text) {
        logged += text
      },
    },
  })
})
afterEach(() => http.close())

/** Sent first: the rest goes on while its time runs out. */
let slow: Promise<string>
let patient: TestHttp
beforeAll(async () => {
  patient = await startHttp()
  slow = send(
    'POST /api/v1/readings HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    patient,
  )
})
afterAll(() => patient.close())

/** Sends bytes over a real socket and reads to its end. */
async function send(bytes: string, to = http): Promise<string> {
  const url = new globalThis.URL(await to.listen())
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(url.port), url.hostname, () => socket.write(bytes))
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text
    })
    socket.on('end', () => resolve(answer)).on('error', reject)
  })
}

const ACK = '/api/v1/alerts/pump-01:risk:1700000010000/acknowledge'

describe('every error is a problem', () => {
  it('tells what, where and the request’s id, without a stack', async () => {
    const answer = await http.ask('/api/v1/nothing?token=secret')
    expect(answer.statusCode).toBe(404)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    const problem = answer.json()
    expect(problem).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'nothing is served at GET /api/v1/nothing: see /openapi.json',
      instance: '/api/v1/nothing',
      requestId: answer.headers['x-request-id'],
    })
  })

  it('keeps what was not expected to the log, under the request’s id', async () => {
    await http.close()
    http = await startHttp({
      logStream: {
        write(text) {
          logged += text
        },
      },
      submitCommand: () => Promise.reject(new Error('EACCES /var/lib/data.mdb')),
    })
    await http.put(alertRecord('raised'))
    await http.settled()
    const answer = await http.post(ACK, { by: 'Ann' })
    expect(answer.statusCode).toBe(500)
    expect(answer.body).not.toContain('EACCES')
    expect(answer.body).not.toContain('at ')
    const line = logged.split('\n').find((text) => text.includes('EACCES')) ?? ''
    expect(line).toContain(answer.json().requestId)
  })

  it.each([
    '/api/v1/assets/%',
    '/%zz',
    '/api/v1/alerts/%E0%A4%A',
    '//',
    '/..%2f..%2fetc/passwd',
    '/ui/..%2fserver.ts',
    '/ui/../server.ts',
    '/vendor/../package.json',
  ])('answers the odd path %s', async (url) => {
    const answer = await http.ask(url)
    expect([400, 404]).toContain(answer.statusCode)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  })

  it('answers a method that is not there', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'POST'] as const) {
      expect((await http.ask('/api/v1/assets', { method })).statusCode, method).toBe(404)
    }
    expect((await http.ask('/api/v1/assets', { method: 'OPTIONS' })).statusCode).toBe(404)
  })

  it('never answers a request for the API with a 500, whatever the path and query', async () => {
    const part = fc.string({ maxLength: 20 }).map(encodeURIComponent)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('assets', 'alerts', 'x'),
        part,
        part,
        part,
        async (list, id, name, value) => {
          const answer = await http.ask(`/api/v1/${list}/${id}?${name}=${value}`)
          expect(answer.statusCode).toBeLessThan(500)
        },
      ),
    )
  })
})

describe('bodies', () => {
  const body = JSON.stringify({ by: 'Ann' })
  beforeEach(async () => {
    await http.put(alertRecord('raised'))
    await http.settled()
  })

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/json;charset=UTF-8',
    'application/json ;x=y',
  ])('takes the content type "%s"', async (type) => {
    expect((await http.post(ACK, body, { 'content-type': type })).statusCode).toBe(202)
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json-patch+json',
    'application/problem+json',
    'application/ json',
    'application/json\tx',
    'application\t/json',
    'application/json,text/plain',
    'json',
    '*/*',
    ';',
  ])('answers 415 to the content type "%s"', async (type) => {
    const answer = await http.post(ACK, body, { 'content-type': type })
    expect(answer.statusCode).toBe(415)
    expect(http.commands).toEqual([])
  })

  it('checks the body behind each content type that it takes, blanks and tabs or not', async () => {
    const types = [
      'application/json',
      'application/json\t',
      ' application/json',
      'application/json;',
      'APPLICATION/json\t; a=b',
      'application/json ; charset="utf-8"',
    ]
    for (const type of types) {
      const answer = await http.post(ACK, '{"by":"Ann","admin":true}', { 'content-type': type })
      expect([400, 415], type).toContain(answer.statusCode)
    }
    expect(http.commands).toEqual([])
  })

  it('answers 413 to 10 MB, and counts it', async () => {
    const answer = await http.post(ACK, JSON.stringify({ by: 'x'.repeat(10_000_000) }))
    expect(answer.statusCode).toBe(413)
    expect((await http.metrics.render(undefined)).body).toContain('refused_total{limit="body-bytes"} 1\n')
  })

  it.each([
    ['__proto__', '{"by":"Ann","__proto__":{"admin":true}}'],
    ['an escaped __proto__', '{"by":"Ann","\\u005f_proto__":{"admin":true}}'],
    ['constructor.prototype', '{"by":"Ann","constructor":{"prototype":{"admin":true}}}'],
    ['no JSON', '{"by":'],
    ['nothing', ''],
    ['a text', '"Ann"'],
    ['deep nesting', `{"by":${'['.repeat(50_000)}`],
  ])('answers 400 to %s', async (_what, payload) => {
    const answer = await http.post(ACK, payload)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().detail).toMatch(/body/i)
    expect(Reflect.get({}, 'admin')).toBeUndefined()
    expect(http.commands).toEqual([])
  })

  it('answers 400 to what is not UTF-8, and 415 to compressed bodies', async () => {
    const bytes = Buffer.concat([Buffer.from('{"by":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])
    const headers = { 'content-type': 'application/json' }
    expect((await http.ask(ACK, { method: 'POST', payload: bytes, headers })).statusCode).toBe(400)
    const zipped = { ...headers, 'content-encoding': 'gzip' }
    expect((await http.ask(ACK, { method: 'POST', payload: body, headers: zipped })).statusCode).toBe(415)
  })

  it('takes any JSON object without a 500', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (payload) => {
        expect((await http.post(ACK, payload)).statusCode).toBeLessThan(500)
      }),
    )
  })
})

describe('bytes that are no request', () => {
  it('get a problem, too', async () => {
    const answer = await send('HELLO\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('application/problem+json')
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').status).toBe(400)
  })

  it('get 431 when the headers are too long', async () => {
    expect(await send(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    )
  })

  it('get 408 when a request takes too long to arrive', async () => {
    expect(await slow).toMatch(/^HTTP\/1\.1 408 /)
  })
})

it('sends the security headers with every answer', async () => {
  for (const url of ['/', '/api/v1/assets', '/nothing', '/health/live', '/metrics']) {
    const { headers } = await http.ask(url)
    expect(headers['content-security-policy'], url).toContain("default-src 'none';script-src 'self'")
    expect(headers['content-security-policy'], url).not.toContain('unsafe')
    expect(headers['x-content-type-options'], url).toBe('nosniff')
    expect(headers['x-request-id'], url).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers['access-control-allow-origin'], url).toBeUndefined()
  }
})
