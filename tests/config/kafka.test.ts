/** The section `log.kafka`: what it means, and what contradicts itself in it. */
import { expect, test } from 'vitest'
import { type LoadOptions, loadConfig, printConfig } from '../../src/config/load.ts'

const load = (kafka: Record<string, unknown>, more: Partial<LoadOptions> = {}) =>
  loadConfig({
    file: undefined,
    env: {},
    flags: {},
    modelsDir: '/models',
    base: { log: { adapter: 'kafka', kafka } },
    ...more,
  })

test('without anything but the adapter: a broker on loopback, no TLS, no user', () => {
  const { settings } = load({})
  expect(settings.log.kafka).toEqual({
    brokers: ['127.0.0.1:9092'],
    clientId: 'forewarn',
    ssl: null,
    sasl: null,
    replication: null,
    compression: 'none',
    sessionTimeoutMs: 10_000,
    transactionTimeoutMs: 15_000,
    requestTimeoutMs: 15_000,
  })
})

test('another adapter needs none of it', () => {
  const { settings } = loadConfig({ file: undefined, env: {}, flags: {}, modelsDir: '/models', base: {} })
  expect(settings.log.kafka).toBeUndefined()
  const wrong = { log: { kafka: { brokers: 'nonsense', ssl: { cert: 'a' } } } }
  expect(() =>
    loadConfig({ file: undefined, env: {}, flags: {}, modelsDir: '/models', base: wrong }),
  ).not.toThrow()
})

test('brokers as a text or a list, files turn TLS on, secrets come from variables and are not printed', () => {
  expect(load({ brokers: 'a:1, b.example:22' }).settings.log.kafka?.brokers).toEqual(['a:1', 'b.example:22'])
  const loaded = load(
    { brokers: ['a:1', 'b:2'], ssl: { ca: 'ca.pem' }, sasl: { mechanism: 'scram-sha-512', username: 'me' } },
    { env: { FOREWARN_LOG_KAFKA_SASL_PASSWORD: 'hush' } },
  )
  expect(loaded.settings.log.kafka).toMatchObject({
    brokers: ['a:1', 'b:2'],
    ssl: { ca: 'ca.pem', cert: null, key: null },
    sasl: { mechanism: 'scram-sha-512', username: 'me', password: 'hush' },
  })
  expect(printConfig(loaded)).not.toContain('hush')
  const variables = {
    FOREWARN_LOG_ADAPTER: 'kafka',
    FOREWARN_LOG_KAFKA_BROKERS: 'x:1,y:2',
    FOREWARN_LOG_KAFKA_SESSION_TIMEOUT: '7s',
    FOREWARN_LOG_KAFKA_SSL_ENABLED: 'true',
  }
  expect(load({}, { base: {}, env: variables }).settings.log.kafka).toMatchObject({
    brokers: ['x:1', 'y:2'],
    sessionTimeoutMs: 7000,
    ssl: { ca: null },
  })
})

test.each([
  [{ brokers: 'localhost' }, /brokers: "localhost" is wrong; expected HOST:PORT/],
  [{ brokers: ' , ' }, /brokers: there is none/],
  [{ brokers: [] }, /log\.kafka\.brokers/],
  [{ ssl: { cert: 'c.pem' } }, /cert and key belong together/],
  [{ ssl: { enabled: false, ca: 'c.pem' } }, /ssl\.enabled: false is wrong while files are named/],
  [{ sasl: { username: 'me' } }, /sasl\.mechanism is missing/],
  [{ sasl: { mechanism: 'plain', username: 'me' } }, /FOREWARN_LOG_KAFKA_SASL_PASSWORD/],
  [{ sasl: { mechanism: 'oauth' } }, /log\.kafka\.sasl\.mechanism.*plain, scram-sha-256, scram-sha-512/],
  [{ sessionTimeout: '200ms' }, /sessionTimeout: 200ms is wrong/],
  [{ compression: 'lz4' }, /compression.*none, gzip, zstd/],
  [{ broker: 'a:1' }, /log\.kafka\.broker: no such setting; did you mean brokers/],
])('%j is refused in words', (kafka, message) => {
  expect(() => load(kafka)).toThrow(
    expect.objectContaining({ code: 'config', message: expect.stringMatching(message) }),
  )
})
