/** A machine falls silent: its window closes by logged ticks, and a replay of the log closes it at the same place. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { afterEach, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import type { Alert, Score } from '../../src/core/records.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { recordsOf, undisturbed, valuesOf } from '../support/committed.ts'
import { type Program, startProgram, untilReady, unusedPort } from '../support/program.ts'

const WITHIN_MS = 30_000
const programs: Program[] = []
afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill('SIGKILL')
})

async function scoresAt(httpPort: number, asset: string): Promise<Score[]> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/api/v1/assets/${asset}/scores`)
  return answer.ok ? ((await answer.json()) as { items: Score[] }).items : []
}

async function alertsAt(httpPort: number): Promise<Alert[]> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/api/v1/alerts`)
  return answer.ok ? ((await answer.json()) as { items: Alert[] }).items : []
}

test('all machines stop: the last windows close on ticks, and a replay is identical', {
  timeout: 90_000,
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-silence-'))
  const [mqttPort, httpPort] = [await unusedPort(), await unusedPort()]
  const env = {
    FOREWARN_LOG_DIR: join(dir, 'data'),
    FOREWARN_LOG_TICKS: '100ms',
    FOREWARN_MQTT_PORT: String(mqttPort),
    FOREWARN_HTTP_PORT: String(httpPort),
  }
  const file = join(dir, 'forewarn.yaml')
  writeFileSync(
    file,
    'pipelines: [{ name: fans, window: { size: 2s, lateness: 500ms, idle: 3s }, noData: { after: 4s } }]\n',
  )
  const { settings } = loadConfig({ file, env, flags: {}, modelsDir: '' })
  const program = startProgram(['up', '--config', file], env)
  programs.push(program)
  await untilReady(program, httpPort)
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`)
  for (const asset of ['fan-1', 'fan-2', 'fan-3']) {
    for (const value of [1, 2, 3])
      await client.publishAsync(`sensors/${asset}`, JSON.stringify({ values: { value } }), { qos: 1 })
  }
  await client.endAsync()
  const deadline = Date.now() + WITHIN_MS
  let closed: Score[] = []
  while (closed.filter((score) => score.closed === 'idle').length < 3 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    closed = (await Promise.all(['fan-1', 'fan-2', 'fan-3'].map((asset) => scoresAt(httpPort, asset)))).flat()
  }
  // Three readings of a fan may fall on both sides of a window's end; the last window closes in silence all the same.
  expect(closed.filter(({ closed }) => closed === 'idle').length).toBeGreaterThanOrEqual(3)
  expect(closed.reduce((sum, { count }) => sum + count, 0)).toBe(9)
  // All at once is one alert, whatever partitions they are in.
  let alerts: Alert[] = []
  while (alerts.length === 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    alerts = await alertsAt(httpPort)
  }
  expect(alerts).toMatchObject([
    { asset: 'forewarn-ingest', rule: 'no-data', state: 'active', severity: 'low' },
  ])
  program.child.kill('SIGTERM')
  expect(await program.ended).toBe(0)

  const log = await openEventLog(settings.log, { readOnly: true })
  const pipelines = settings.pipelines.map((pipeline) => makePipeline(pipeline, [], settings.limits, null))
  const replay = await undisturbed(settings, pipelines, await recordsOf(log, settings.log.topics.readings))
  expect(await valuesOf(log, settings.log.topics.scores)).toEqual(
    await valuesOf(replay, settings.log.topics.scores),
  )
  expect(await valuesOf(log, settings.log.topics.alerts)).toEqual(
    await valuesOf(replay, settings.log.topics.alerts),
  )
  await log.close()
  rmSync(dir, { recursive: true, force: true })
})
