import { afterEach, describe, expect, it } from 'vitest'
import { startHttp, type TestHttp } from '../support/http.ts'

let http: TestHttp
afterEach(() => http.close())

/** What loads without a token: health, and the files of the page that asks for it. */
const OPEN = /^\/(health\/(live|ready)|ui\/[\w.-]+|vendor\/[\w.-]+)?$/

/** Method and path of every route, as fastify itself lists them. */
function routes(): { method: string; path: string }[] {
  const lines = http.app.printRoutes({ commonPrefix: false }).split('\n')
  const found: { method: string; path: string }[] = []
  const stack: string[] = []
  for (const line of lines) {
    const match = /^([│ ]*)[├└]── (\S*) ?\(([A-Z, ]+)\)/.exec(line) ?? /^([│ ]*)[├└]── (\S+)/.exec(line)
    if (match === null) continue
    const depth = (match[1] ?? '').length / 4
    stack.length = depth
    stack[depth] = match[2] ?? ''
    for (const method of (match[3] ?? '').split(', ').filter(Boolean))
      found.push({ method, path: stack.join('') })
  }
  return found
}

describe('with http.token', () => {
  it('guards every route but health and the page’s files', async () => {
    http = await startHttp({ http: { token: 'right' } })
    const all = routes()
    expect(all.length).toBeGreaterThan(20)
    expect(all.map(({ path }) => path)).toContain('/api/v1/alerts/:id/acknowledge')
    for (const { method, path } of all) {
      const url = path.replace(/:\w+/g, 'x')
      for (const authorization of [
        undefined,
        'Bearer wrong',
        'Bearer ',
        'Basic right',
        'right',
        'Bearer right2',
      ]) {
        const headers = authorization === undefined ? {} : { authorization }
        const answer = await http.ask(url, { method: method as 'GET', headers })
        if (OPEN.test(url)) expect(answer.statusCode, `${method} ${url}`).toBe(200)
        else {
          expect(answer.statusCode, `${method} ${url} ${authorization}`).toBe(401)
          expect(answer.headers['www-authenticate']).toBe('Bearer realm="forewarn"')
        }
      }
    }
  })

  it('opens with the right one, and counts the wrong ones', async () => {
    http = await startHttp({ http: { token: 'right' } })
    expect((await http.ask('/api/v1/assets')).statusCode).toBe(401)
    for (const authorization of ['Bearer right', 'bearer right', 'BEARER  right ']) {
      expect((await http.ask('/api/v1/assets', { headers: { authorization } })).statusCode).toBe(200)
    }
    const metrics = await http.ask('/metrics', { headers: { authorization: 'Bearer right' } })
    expect(metrics.body).toContain('forewarn_refused_total{limit="token"} 1\n')
  })

  it('answers 401 for what is not there, too', async () => {
    http = await startHttp({ http: { token: 'right' } })
    expect((await http.ask('/api/v1/nothing')).statusCode).toBe(401)
  })

  it('takes any host: names are the proxy’s business then', async () => {
    http = await startHttp({ http: { token: 'right' } })
    const headers = { host: 'plant.example', authorization: 'Bearer right' }
    expect((await http.ask('/api/v1/assets', { headers })).statusCode).toBe(200)
  })
})

describe('without http.token', () => {
  it.each(['localhost', 'localhost:8080', '127.0.0.1:8080', '127.1.2.3', '[::1]:8080', 'fore.localhost'])(
    'takes the host %s',
    async (host) => {
      http = await startHttp()
      expect((await http.ask('/api/v1/assets', { headers: { host } })).statusCode).toBe(200)
    },
  )

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '192.168.1.5:8080',
    'xlocalhost',
  ])('refuses the host %s', async (host) => {
    http = await startHttp()
    const answer = await http.ask('/api/v1/assets', { headers: { host } })
    expect(answer.statusCode).toBe(421)
    expect((await http.ask('/health/live', { headers: { host } })).statusCode).toBe(200)
  })
})

describe('the request rate', () => {
  it('is 429 beyond http.requestsPerMinute, but health is always answered', async () => {
    http = await startHttp({ http: { requestsPerMinute: 5 } })
    const statuses: number[] = []
    for (let i = 0; i < 7; i++) statuses.push((await http.ask('/api/v1/assets')).statusCode)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429])
    const limited = await http.ask('/api/v1/assets')
    expect(limited.headers['retry-after']).toBeDefined()
    expect(limited.json().detail).toContain('http.requestsPerMinute')
    expect((await http.ask('/nothing')).statusCode).toBe(429)
    for (let i = 0; i < 10; i++) expect((await http.ask('/health/ready')).statusCode).toBe(200)
    expect((await http.metrics.render(undefined)).body).toMatch(/refused_total\{limit="request-rate"\} [1-9]/)
  })

  it('counts guesses of the token as well', async () => {
    http = await startHttp({ http: { token: 'right', requestsPerMinute: 3 } })
    const guess = async () =>
      (await http.ask('/metrics', { headers: { authorization: 'Bearer no' } })).statusCode
    expect([await guess(), await guess(), await guess(), await guess()]).toEqual([401, 401, 401, 429])
  })
})
