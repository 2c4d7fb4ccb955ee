import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LoadOptions, loadConfig, printConfig, variableName } from '../../src/config/load.ts'
import { durationMs, sizeBytes } from '../../src/core/units.ts'

const bare: LoadOptions = { file: undefined, env: {}, flags: {}, modelsDir: '/models', base: {} }

function fromYaml(text: string, more: Partial<LoadOptions> = {}) {
  const file = join(mkdtempSync(join(tmpdir(), 'forewarn-config-')), 'forewarn.yaml')
  writeFileSync(file, text)
  return loadConfig({ file, env: {}, flags: {}, modelsDir: '/models', ...more })
}

test('the example of the manual is a config, as a whole', () => {
  const { settings } = fromYaml(`
assets:
  - match: pump-*
    class: pump
    channels: { temperature: {unit: Cel, min: -40, max: 200}, vibration: {unit: mm/s}, pressure: {unit: bar} }
pipelines:
  - name: pump-health
    assets: pump-*
    window: { size: 30s, hop: 30s, lateness: 10s, idle: 60s }
    features: default
    model: pump-health
    alerts: [ { rule: risk, above: 0.8, clearBelow: 0.6, onDelay: 2, severity: high } ]
    noData: { after: 5m, severity: low }
`)
  expect(settings.pipelines).toMatchObject([
    { name: 'pump-health', model: 'pump-health', noData: { afterMs: 300_000, severity: 'low' } },
  ])
  expect(fromYaml('pipelines: [{ name: a, noData: { after: 90s } }]').settings.pipelines[0]!.noData).toEqual({
    afterMs: 90_000,
    severity: 'low',
  })
  expect(loadConfig(bare).settings.pipelines[0]!.noData).toBeNull()
})

describe('defaults', () => {
  test('without a file every asset has a pipeline, on loopback, in the embedded log', () => {
    const { settings } = loadConfig(bare)
    expect(settings.mqtt).toMatchObject({
      url: 'embedded',
      host: '127.0.0.1',
      port: 1883,
      topic: 'sensors/{asset}',
    })
    expect(settings.log).toMatchObject({
      adapter: 'embedded',
      partitions: 4,
      group: 'forewarn',
      ticksMs: 1000,
    })
    expect(settings.log.topics['alert-states']).toBe('forewarn.alert-states')
    expect(settings.pipelines[0]).toMatchObject({
      assets: '*',
      model: null,
      window: { sizeMs: 30_000, hopMs: 30_000, latenessMs: 10_000, idleMs: 60_000 },
    })
    expect(settings.models.dir).toBe('/models')
  })

  test('idle follows size and lateness when it is not set', () => {
    const { settings } = fromYaml('pipelines: [{ name: a, window: { size: 10s, lateness: 60s } }]')
    expect(settings.pipelines[0]!.window.idleMs).toBe(70_000)
  })
})

describe('assets.forgetAfter', () => {
  test.each([
    ['{}', {}, 30],
    ['assets: { forgetAfter: 7d, groups: [{ match: "pump-*" }] }', {}, 7],
    ['assets: [{ match: "pump-*" }]', { FOREWARN_ASSETS_FORGET_AFTER: '2d' }, 2],
    ['limits: { forgetAfter: 3d }', {}, 3],
  ])('%s with variables %j: %i days', (yaml, env, days) => {
    const { settings } = fromYaml(yaml, { env })
    expect(settings.limits.forgetAfterMs).toBe(days * 86_400_000)
    if (yaml.startsWith('assets')) expect(settings.assets.map(({ match }) => match)).toEqual(['pump-*'])
  })

  test('is no shorter than a window waits for a silent asset', () => {
    expect(() => fromYaml('assets: { forgetAfter: 30s }')).toThrow(
      /limits.forgetAfter: 30s is wrong; expected at least the longest window.idle \(60000ms\)/,
    )
  })

  test('in a section with a wrong key is not taken for it', () => {
    expect(() => fromYaml('assets: { forgetAftr: 30d }')).toThrow(/assets: .*is wrong/)
  })
})

describe('order of sources', () => {
  const file = 'log: { partitions: 2, maxBytes: 1GiB, group: from-file }'

  test('flags win over variables, these over the file, this over defaults', () => {
    const loaded = fromYaml(file, {
      env: { FOREWARN_LOG_MAX_BYTES: '2GiB', FOREWARN_LOG_GROUP: 'from-variable' },
      flags: { 'log.group': 'from-flag', 'http.port': undefined },
    })
    expect(loaded.settings.log).toMatchObject({ partitions: 2, maxBytes: 2 * 2 ** 30, group: 'from-flag' })
    expect(loaded.settings.http.port).toBe(8080)
    const printed = printConfig(loaded)
    expect(printed).toContain('log.partitions: 2  # file')
    expect(printed).toContain('log.maxBytes: "2GiB"  # variable')
    expect(printed).toContain('log.group: "from-flag"  # flag')
    expect(printed).toContain('http.port: 8080  # default')
  })

  test('numbers and switches come through variables', () => {
    const { settings } = loadConfig({
      ...bare,
      env: { FOREWARN_HTTP_PORT: '0', FOREWARN_SINKS_MQTT_ENABLED: 'false' },
    })
    expect(settings.http.port).toBe(0)
    expect(settings.sinks.mqtt.enabled).toBe(false)
  })

  test('the name of a variable follows from the setting', () => {
    expect(variableName('log.maxBytes')).toBe('FOREWARN_LOG_MAX_BYTES')
    expect(variableName('mqtt.clientId')).toBe('FOREWARN_MQTT_CLIENT_ID')
  })

  test('secrets are never printed', () => {
    const loaded = loadConfig({
      ...bare,
      env: { FOREWARN_HTTP_TOKEN: 's3cret', FOREWARN_MQTT_PASSWORD: 'pa55' },
    })
    expect(printConfig(loaded)).not.toMatch(/s3cret|pa55/)
  })
})

describe('secrets by file, as containers hand them over', () => {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-secret-'))
  const secretFile = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const load = (env: Record<string, string>) => loadConfig({ ...bare, env })

  test('a variable with _FILE behind its name tells where the secret is', () => {
    const loaded = load({
      FOREWARN_HTTP_TOKEN_FILE: secretFile('token', 's3cret 42\n'),
      FOREWARN_MQTT_PASSWORD_FILE: secretFile('password', '12345'),
      FOREWARN_MQTT_USERS_FILE: secretFile('users', 'plant: pa55\n"gateway 2": "0815"\n'),
    })
    expect(loaded.settings.http.token).toBe('s3cret 42')
    expect(loaded.settings.mqtt.password).toBe('12345')
    expect(loaded.settings.mqtt.users).toEqual({ plant: 'pa55', 'gateway 2': '0815' })
    expect(loaded.sources.get('http.token')).toBe('variable')
    expect(printConfig(loaded)).not.toMatch(/s3cret|12345|pa55|0815/)
  })

  test.each([
    [
      'FOREWARN_HTTP_TOKEN_FILE',
      '/no/such/file',
      "variable FOREWARN_HTTP_TOKEN_FILE: can't read /no/such/file",
    ],
    ['FOREWARN_HTTP_TOKEN_FILE', secretFile('empty', ' \n'), 'is empty'],
    ['FOREWARN_MQTT_USERS_FILE', secretFile('list', '- s3cret'), 'must hold one "name: password" a line'],
    ['FOREWARN_MQTT_USERS_FILE', secretFile('broken', 's3cret: ['), 'must hold one "name: password" a line'],
    ['FOREWARN_MQTT_USERS_FILE', secretFile('number', 'a: 7'), 'mqtt.users.a: the value given is wrong'],
    ['FOREWARN_HTTP_PORT_FILE', '/etc/hostname', 'variable FOREWARN_HTTP_PORT_FILE is no setting'],
    ['FOREWARN_HTTP_TOKN_FILE', '/etc/hostname', 'did you mean FOREWARN_HTTP_TOKEN_FILE?'],
  ])('%s=%s is refused, without the secret', (name, file, message) => {
    expect(() => load({ [name]: file })).toThrow(message)
    expect(() => load({ [name]: file })).not.toThrow('s3cret')
  })

  test('a secret that is given twice is refused', () => {
    const env = { FOREWARN_HTTP_TOKEN: 'a', FOREWARN_HTTP_TOKEN_FILE: secretFile('twice', 'b') }
    expect(() => load(env)).toThrow('FOREWARN_HTTP_TOKEN and FOREWARN_HTTP_TOKEN_FILE give one setting twice')
  })
})

describe('a wrong setting names the key, the value and what would be right', () => {
  test.each([
    ['log: { partition: 3 }', 'log.partition: no such setting; did you mean partitions?'],
    ['lag: {}', 'lag: no such setting; did you mean log?'],
    ['log: { retention: week }', 'log.retention: "week" is wrong; expected a duration such as'],
    ['log: { maxBytes: 8GB }', 'log.maxBytes: "8GB" is wrong; expected a size such as'],
    ['log: { ticks: never }', 'log.ticks: "never" is wrong; "off", or expected a duration'],
    ['http: { port: 99999 }', 'http.port: 99999 is wrong; expected integer from 0 to 65535'],
    ['log: { adapter: redis }', 'log.adapter: "redis" is wrong; "embedded", or "memory"'],
    ['pipelines: [{ assets: a }]', 'pipelines.0: must have required properties name'],
    ['pipelines: [{ name: a, alerts: [{ rule: r, above: 3 }] }]', 'pipelines.0.alerts.0.above: 3 is wrong'],
    [
      'pipelines: [{ name: a, alerts: [{ rule: r, above: 0.5, severity: hgh }] }]',
      'pipelines.0.alerts.0.severity: "hgh" is wrong; one of low, medium, high, critical',
    ],
    [
      'pipelines: [{ name: a, window: { size: 30s, lateness: 10s, idle: 20s } }]',
      'pipelines.0.window.idle: 20s is wrong; expected at least size + lateness (40000ms)',
    ],
    ['pipelines: [{ name: a, window: { size: 30s, hop: 40s } }]', 'pipelines.0.window.hop: 40s is wrong'],
    [
      'pipelines: [{ name: a, alerts: [{ rule: r, above: 0.5, clearBelow: 0.6 }] }]',
      'clearBelow 0.6 is wrong; expected at most above (0.5)',
    ],
    [
      'pipelines: [{ name: a, noData: { severity: low } }]',
      'pipelines.0.noData: must have required properties after',
    ],
    [
      'pipelines: [{ name: a, noData: { after: 0s } }]',
      'pipelines.0.noData.after: 0s is wrong; expected more than 0',
    ],
    [
      'log: { ticks: off }\npipelines: [{ name: a, noData: { after: 5m } }]',
      'pipelines.0.noData: silence is told by ticks, and log.ticks is off',
    ],
    [
      'pipelines: [{ name: a, noData: { after: 5m }, alerts: [{ rule: no-data, above: 0.5 }] }]',
      'pipelines.0.alerts: rule no-data stands twice (noData is one)',
    ],
    [
      'pipelines: [{ name: a, noData: { after: 5m } }, { name: b, alerts: [], noData: { after: 1m } }]',
      'pipelines.1.noData also stands in pipeline a for the same assets; leave one out',
    ],
    ['pipelines: [{ name: a }, { name: b }]', 'rule risk also stands in pipeline a for the same assets'],
    ['pipelines: [{ name: a, assets: x }, { name: a, assets: y }]', 'pipelines.1.name: a is taken'],
    ['log: { topics: { reading: r } }', 'log.topics.reading: no such topic; did you mean readings?'],
    ['- a\n- b', 'must hold sections'],
    ['log: [', 'is no YAML'],
  ])('%s', (yaml, message) => {
    expect(() => fromYaml(yaml)).toThrow(message)
  })

  test('a variable that is no setting', () => {
    expect(() => loadConfig({ ...bare, env: { FOREWARN_LOG_PARTITION: '3' } })).toThrow(
      'variable FOREWARN_LOG_PARTITION is no setting; did you mean FOREWARN_LOG_PARTITIONS?',
    )
  })

  test('a file that is not there', () => {
    expect(() => loadConfig({ file: '/no/such.yaml', env: {}, flags: {}, modelsDir: '' })).toThrow(
      "can't read the config file /no/such.yaml",
    )
  })

  test('a secret that is wrong is not repeated', () => {
    expect(() => fromYaml('http: { token: 7 }')).toThrow('http.token: the value given is wrong')
  })
})

test('durations and sizes scale by their unit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), (n) => {
      expect(durationMs(`${n}s`)).toBe(n * 1000)
      expect(durationMs(`${n}ms`)).toBe(n)
      expect(sizeBytes(`${n}KiB`)).toBe(n * 1024)
    }),
  )
  expect(durationMs('1.5h')).toBe(5_400_000)
  expect(() => durationMs('10 s')).toThrow('no duration')
  expect(() => sizeBytes('10MB')).toThrow('no size')
})
