/**
 * Prometheus with the files of deploy/prometheus: the rules are what they say (promtool's own unit tests), ask for
 * figures that the program has, and the config scrapes a running program by its token.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { METRIC_PREFIX, METRICS, REFUSALS } from '../../src/observe/metric-table.ts'
import { freePort } from '../support/mosquitto.ts'
import { startProgram, untilReady } from '../support/program.ts'
import { requires } from '../support/requires.ts'
import { ROOT } from './compose-file.ts'

const FOLDER = join(ROOT, 'deploy/prometheus')
const TOKEN = 'token-of-the-test'

interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly labels?: Readonly<Record<string, string>>
}

const rules: Rule[] = parse(readFileSync(join(FOLDER, 'rules.yml'), 'utf8')).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
)
const alerts = rules.filter(({ alert }) => alert !== undefined)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'forewarn-prometheus-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the rules', () => {
  test('ask for figures that there are, by labels that they have', () => {
    const used = rules.flatMap(({ expr }) => [
      ...expr.matchAll(/\bforewarn_(\w+?)(?:\{([^}]*)\})?(?=[^\w{])/g),
    ])
    expect(used.length).toBeGreaterThan(15)
    for (const [, name = '', selector = ''] of used) {
      const metric = METRICS[name.replace(/_bucket$/, '') as keyof typeof METRICS]
      expect([name, metric !== undefined]).toEqual([name, true])
      expect(name.endsWith('_bucket')).toBe(metric.type === 'histogram')
      const labels = [...selector.matchAll(/(\w+)\s*[!=]/g)].map(([, label]) => label)
      for (const label of labels) expect([name, ...metric.labels]).toContain(label)
    }
  })

  test('ask for limits that there are', () => {
    const limits = rules.flatMap(({ expr }) => [...expr.matchAll(/limit[!=]~"([^"]+)"/g)])
    for (const [, list = ''] of limits) {
      for (const limit of list.split('|')) expect(REFUSALS).toContain(limit)
    }
  })

  test('each alert says how bad it is, and has a case in which it fires and one in which it does not', () => {
    const text = readFileSync(join(FOLDER, 'rules.test.yml'), 'utf8')
    const cases: { alertname: string; exp_alerts?: unknown[] }[] = parse(text).tests.flatMap(
      (one: { alert_rule_test: unknown[] }) => one.alert_rule_test,
    )
    for (const { alert, labels } of alerts) {
      expect(['low', 'medium', 'high', 'critical']).toContain(labels?.severity)
      const own = cases.filter(({ alertname }) => alertname === alert)
      expect([alert, own.some(({ exp_alerts }) => exp_alerts !== undefined)]).toEqual([alert, true])
      expect([alert, own.some(({ exp_alerts }) => exp_alerts === undefined)]).toEqual([alert, true])
    }
  })

  const promtool = requires('promtool')
  test.skipIf(promtool.missing)('do what their own tests say', () => {
    const told = execFileSync(promtool.path, ['test', 'rules', join(FOLDER, 'rules.test.yml')])
    expect(String(told)).toContain('SUCCESS')
  })

  test.skipIf(promtool.missing)('and the config are right in every word', () => {
    copyFileSync(join(FOLDER, 'rules.yml'), join(folder, 'rules.yml'))
    const config = readFileSync(join(FOLDER, 'prometheus.yml'), 'utf8')
    const token = join(folder, 'http_token')
    writeFileSync(token, TOKEN)
    writeFileSync(join(folder, 'prometheus.yml'), config.replace('/run/secrets/http_token', token))
    const told = execFileSync(promtool.path, ['check', 'config', join(folder, 'prometheus.yml')])
    expect(String(told)).toContain(`SUCCESS: ${rules.length} rules found`)
  })
})

/** The config with the token and the program where they are here, and without its patience. */
function writeConfig(place: string, token: string, httpPort: number): string {
  const config = parse(readFileSync(join(FOLDER, 'prometheus.yml'), 'utf8'))
  mkdirSync(place)
  writeFileSync(join(place, 'http_token'), token)
  copyFileSync(join(FOLDER, 'rules.yml'), join(place, 'rules.yml'))
  const { dns_sd_configs, ...job } = config.scrape_configs[0]
  expect(dns_sd_configs).toEqual([
    { names: ['ingest', 'engine', 'http'], type: 'A', port: 8080, refresh_interval: '15s' },
  ])
  job.authorization.credentials_file = join(place, 'http_token')
  job.static_configs = [{ targets: [`127.0.0.1:${httpPort}`] }]
  const file = join(place, 'prometheus.yml')
  const hasty = { scrape_interval: '200ms', evaluation_interval: '200ms' }
  writeFileSync(file, stringify({ ...config, global: hasty, scrape_configs: [job] }))
  return file
}

/** Prometheus with a token, until `seen` on its port. */
async function scraping(
  token: string,
  httpPort: number,
  seen: (port: number) => Promise<void>,
): Promise<void> {
  const place = join(folder, token)
  const port = await freePort()
  const prometheus = spawn(requires('prometheus').path, [
    `--config.file=${writeConfig(place, token, httpPort)}`,
    `--storage.tsdb.path=${join(place, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
  try {
    await seen(port)
  } finally {
    prometheus.kill('SIGTERM')
    await once(prometheus, 'exit')
  }
}

describe.skipIf(requires('prometheus').missing)('a running program', () => {
  test('is up to who scrapes with its token, and down to who has another', async () => {
    const httpPort = await freePort()
    const program = startProgram(['up', '--data', join(folder, 'data'), '--http', String(httpPort)], {
      FOREWARN_HTTP_TOKEN: TOKEN,
      FOREWARN_MQTT_PORT: '0',
    })
    try {
      await untilReady(program, httpPort)
      await Promise.all([
        scraping(TOKEN, httpPort, async (port) => {
          await untilFigure(port, 'up{job="forewarn"}', 1)
          await untilFigure(port, `${METRIC_PREFIX}build_info`, 1)
        }),
        scraping('another', httpPort, async (port) => {
          await untilFigure(port, 'up{job="forewarn"}', 0)
          await until('a refusal', async () => (await refusals(httpPort)) > 0)
        }),
      ])
    } finally {
      program.child.kill('SIGTERM')
      await program.ended
    }
  })
})

/** Requests that the program refused for want of its token. */
async function refusals(httpPort: number): Promise<number> {
  const headers = { authorization: `Bearer ${TOKEN}` }
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`, { headers })).text()
  return Number(/^forewarn_refused_total\{limit="token"\} (\d+)$/m.exec(text)?.[1] ?? 0)
}

const untilFigure = (port: number, query: string, expected: number) =>
  until(`${query} = ${expected}`, async () => (await figureOf(port, query)) === expected)

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`waited in vain: ${what}`)
}

async function figureOf(port: number, query: string): Promise<number | null> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`)
    const { data }: { data?: { result: { value: [number, string] }[] } } = JSON.parse(await answer.text())
    return data?.result[0] === undefined ? null : Number(data.result[0].value[1])
  } catch {
    // It does not listen yet: asked again.
    return null
  }
}
