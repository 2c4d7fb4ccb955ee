/**
 * The compose files keep what docs/operations.md promises of them. There is no Docker here: that they are valid was
 * checked with docker compose itself by hand; these tests keep what it doesn't look at.
 */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { KAFKA_VERSION } from '../../bin/setup/kafka/jars.mjs'
import { checkReach } from '../../src/app/reach.ts'
import { buildProgram } from '../../src/commands/program.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type ComposeFile, interpolated, ROOT, readCompose, type Service } from './compose-file.ts'

const FILES = ['docker-compose.yml', 'docker-compose.single.yml']
const ENV = { SECRETS_DIR: '/secrets' }
const files: [string, ComposeFile][] = FILES.map((name) => [name, readCompose(name, ENV)])
const services: [string, Service, ComposeFile][] = files.flatMap(([name, file]) =>
  Object.entries(file.services).map(([service, body]): [string, Service, ComposeFile] => [
    `${name}: ${service}`,
    body,
    file,
  ]),
)
const ours = services.filter(([, { build }]) => build !== undefined)

describe.each(services)('%s', (_, service, file) => {
  test('has a health check, and begins again after a failure', () => {
    expect(service.healthcheck?.test[0]).toBe('CMD')
    expect(service.healthcheck?.interval).toMatch(/^\d+s$/)
    expect(service.restart).toBe('unless-stopped')
  })

  test('has limits: processors, memory, processes, its log', () => {
    const limits = service.deploy?.resources.limits ?? {}
    expect(Object.keys(limits).sort()).toEqual(['cpus', 'memory', 'pids'])
    expect(Object.keys(service.logging?.options ?? {})).toEqual(['max-size', 'max-file'])
  })

  test('can write nowhere but into its volume and a bounded piece of memory, and has no rights', () => {
    expect(service.read_only).toBe(true)
    expect(service.cap_drop).toEqual(['ALL'])
    expect(service.security_opt).toContain('no-new-privileges:true')
    for (const mount of service.tmpfs ?? []) expect(mount).toMatch(/size=\d+m/)
    for (const mount of service.volumes ?? [])
      expect(Object.keys(file.volumes ?? {})).toContain(mount.split(':')[0])
  })

  test('is reached from this host alone, unless .env says more', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
  })

  test('holds no secret: it names files that hold them', () => {
    for (const [name, value] of Object.entries(service.environment ?? {})) {
      if (!/pass|token|secret|users|credential|jaas/i.test(name)) continue
      expect(name).toMatch(/_FILE$/)
      expect(service.secrets).toContain(value.replace('/run/secrets/', ''))
    }
    for (const secret of service.secrets ?? []) {
      expect(file.secrets?.[secret]?.file).toBe(`/secrets/${secret}`)
    }
  })

  test('names only what the file has: networks, configs that exist, services to wait for', () => {
    for (const network of service.networks ?? []) expect(Object.keys(file.networks ?? {})).toContain(network)
    for (const { source } of service.configs ?? []) {
      expect(existsSync(join(ROOT, file.configs?.[source]?.file ?? 'nowhere'))).toBe(true)
    }
    const waitsFor = service.depends_on ?? []
    const names = Array.isArray(waitsFor) ? waitsFor : Object.keys(waitsFor)
    for (const name of names) expect(Object.keys(file.services)).toContain(name)
  })
})

describe.each(ours)('%s runs the program', (_, service) => {
  test('with a command and options that it has', () => {
    const [name, ...args] = service.command ?? []
    const command = buildProgram().commands.find((one) => one.name() === name)
    expect(command).toBeDefined()
    expect(command?.exitOverride().parseOptions([...args])).toEqual({ operands: [], unknown: [] })
  })

  test('with variables that are settings, and the secrets that it needs beyond loopback', () => {
    const { settings, sources } = loadConfig({ ...withSecrets(service), flags: {}, modelsDir: 'models' })
    expect(() => checkReach(settings)).not.toThrow()
    expect(settings.http.token).toBe('secret')
    expect(settings.pipelines.map(({ name }) => name)).toContain('pump-health')
    const given = [...sources.values()].filter((source) => source === 'variable')
    expect(given.length).toBe(Object.keys(service.environment ?? {}).length - 1)
  })

  test('and does not start without its token', () => {
    const { env, file } = withSecrets(service)
    const { FOREWARN_HTTP_TOKEN_FILE: _token, ...without } = env
    const { settings } = loadConfig({ env: without, file, flags: {}, modelsDir: 'models' })
    expect(() => checkReach(settings)).toThrow('set http.token')
  })

  test('in an image of this project, with its own health check', () => {
    expect(service.build).toBe('.')
    expect(service.image).toBe('forewarn:local')
    expect(service.healthcheck?.test).toEqual(['CMD', 'node', '/app/deploy/healthcheck.mjs', 'ready'])
  })
})

/** The service's environment, with its secrets and the plant in places that are there. */
function withSecrets(service: Service): { env: Record<string, string>; file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-compose-'))
  const env = Object.entries(service.environment ?? {}).map(([name, value]): [string, string] => {
    if (!value.startsWith('/run/secrets/')) return [name, value]
    const file = join(folder, value.slice('/run/secrets/'.length))
    writeFileSync(file, name === 'FOREWARN_MQTT_USERS_FILE' ? 'sensors: secret\n' : 'secret')
    return [name, file]
  })
  return { env: Object.fromEntries(env), file: join(ROOT, 'deploy/forewarn.yaml') }
}

describe('the whole', () => {
  test.each(FILES)('%s without passwords says what makes them', (file) => {
    expect(() => readCompose(file, {})).toThrow('make the passwords first, by sh deploy/make-secrets.sh')
  })

  test('Kafka is the version that the tests run against', () => {
    const { kafka } = files[0]![1].services
    expect(kafka?.image).toBe(`apache/kafka:${KAFKA_VERSION}`)
  })

  test('the log and the figures are reached from inside alone', () => {
    const { networks, services: all } = files[0]![1]
    expect(networks?.log).toEqual({ internal: true })
    expect(networks?.metrics).toEqual({ internal: true })
    expect(all.kafka?.networks).toEqual(['log'])
    expect(all.kafka?.ports).toBeUndefined()
    expect(all.mosquitto?.networks).toEqual(['mqtt'])
  })

  test('each role runs once as a service, and reads the same plant', () => {
    const { services: all } = files[0]![1]
    for (const role of ['ingest', 'engine', 'http']) {
      expect(all[role]?.command).toEqual(['up', '--role', role])
      expect(all[role]?.configs).toEqual([{ source: 'plant', target: '/etc/forewarn/forewarn.yaml' }])
      expect(all[role]?.environment?.FOREWARN_CONFIG).toBe('/etc/forewarn/forewarn.yaml')
    }
  })

  test('.env.example holds names that the files know, and nothing else', () => {
    const text = readFileSync(join(ROOT, '.env.example'), 'utf8')
    const names = [...text.matchAll(/^#? ?([A-Z_]+)=/gm)].map(([, name]) => name)
    expect(names).toEqual(['MQTT_ADDRESS', 'HTTP_ADDRESS', 'PROMETHEUS_ADDRESS', 'PLANT_FILE'])
    const compose = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')
    for (const name of names) expect(compose).toContain(`\${${name}:-`)
  })
})

test('variables are put in as docker compose does it', () => {
  const hole = (inner: string) => `\${${inner}}`
  const text = ['A', 'B:-b', 'C:-c', 'D:?no'].map(hole).join('-')
  expect(interpolated(text, { A: '1', C: '3', D: '4' })).toBe('1-b-3-4')
  expect(() => interpolated(hole('D:?say D'), {})).toThrow('say D')
})
