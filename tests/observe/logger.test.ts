import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failure } from '../../src/core/errors.ts'
import { formatLogLine } from '../../src/observe/log-line.ts'
import { createLogger, type LoggerOptions } from '../../src/observe/logger.ts'

function capture(options: LoggerOptions = {}) {
  const lines: string[] = []
  const log = createLogger({ ...options, stream: { write: (line) => lines.push(line) } })
  return { log, lines, text: () => lines.join('') }
}

describe('the log', () => {
  it('writes JSON lines where there is no terminal', () => {
    const { log, lines } = capture()
    log.info({ readings: 3 }, 'taken')
    const line = JSON.parse(lines[0] ?? '')
    expect(line).toMatchObject({ level: 30, readings: 3, msg: 'taken' })
    expect(line.time).toBeGreaterThan(1e12)
  })

  it('writes readable lines on a terminal, with colours only there', () => {
    const { log, lines } = capture({ readable: true, colours: false })
    log.warn({ asset: 'pump-07', tries: 2 }, 'broker away')
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d warn {2}broker away asset=pump-07 tries=2\n$/)
    const coloured = capture({ readable: true, colours: true })
    coloured.log.error('x')
    expect(coloured.text()).toContain('\u001b[31m')
  })

  it('shows the stack of an unexpected error and only the message of an expected one', () => {
    const { log, text } = capture({ readable: true, colours: false })
    log.error({ err: new TypeError('boom') }, 'unexpected')
    log.error({ err: failure('log-full', 'the log holds 8 GiB: raise log.maxBytes') }, 'expected')
    expect(text()).toContain('TypeError: boom\n      at ')
    expect(text()).toMatch(/error expected\n {2}the log holds 8 GiB: raise log.maxBytes\n$/)
  })

  it('keeps the cause of an error', () => {
    const { log, lines } = capture()
    log.error(new Error('append failed', { cause: new Error('disk full') }))
    expect(JSON.parse(lines[0] ?? '').err.cause.message).toBe('disk full')
  })

  it('hands on what is not JSON', () => {
    expect(formatLogLine('plain\n', false)).toBe('plain\n')
  })
})

describe('secrets', () => {
  it('never get into a line, however they are handed over', () => {
    const name = fc.constantFrom(
      'password',
      'token',
      'httpToken',
      'Authorization',
      'cookie',
      'users',
      'apiKey',
    )
    const secret = fc.stringMatching(/^[a-z]{12,20}$/).map((text) => `S3-${text}`)
    fc.assert(
      fc.property(name, secret, fc.boolean(), (field, value, readable) => {
        const { log, text } = capture({ readable, colours: false })
        log.info({ [field]: value }, 'top')
        log.info({ settings: { http: { [field]: value }, list: [{ [field]: { inside: value } }] } }, 'deep')
        log.info(`mqtt://user:${value}@broker:1883 is away`)
        log.info({ url: `mqtt://${value}@broker` }, 'to %s', `http://a:${value}@b/c`)
        log.error(new Error(`connect mqtt://u:${value}@broker`, { cause: { [field]: value } }))
        log.child({ [field]: value }).info('child')
        expect(text()).not.toContain(value)
        expect(text()).toContain('broker')
      }),
    )
  })

  it('leaves the caller its own object', () => {
    const { log } = capture()
    const settings = { token: 'abc', bytes: new Uint8Array(3) }
    log.info(settings)
    expect(settings).toEqual({ token: 'abc', bytes: new Uint8Array(3) })
  })
})
