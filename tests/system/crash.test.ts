/**
 * Law 2 on the real program: killed at random moments under load, it loses no acknowledged reading, and what it
 * has committed equals what an undisturbed engine makes of the same `readings` log.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { afterEach, expect, test } from 'vitest'
import { createRandom } from '../../simulators/random.ts'
import { loadConfig } from '../../src/config/load.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { recordsOf, undisturbed, valuesOf } from '../support/committed.ts'
import { type Program, runProgram, startProgram, untilReady, unusedPort } from '../support/program.ts'

const KILLS = Number(process.env.CRASH_KILLS ?? 20)
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000)
const ASSETS = 20
const RUN_MS = [50, 400] as const
/** Two windows of each asset at least: on a busy machine the runs between kills are short. */
const ENOUGH = ASSETS * 700

const dirs: string[] = []
const programs: Program[] = []
afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill('SIGKILL')
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

/** Publishes without end, over restarts of the broker, and remembers what was acknowledged. */
function publishForever(port: number) {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 50, connectTimeout: 1000 })
  client.on('error', () => client.reconnecting)
  const acknowledged = new Set<string>()
  const startTs = Date.now() - 3_600_000
  let sequence = 0
  let inFlight = 0
  const timer = setInterval(() => {
    while (inFlight < 500 && client.connected) {
      const asset = `pump-${String(sequence % ASSETS).padStart(2, '0')}`
      const ts = startTs + Math.floor(sequence / ASSETS) * 100
      const id = `${asset}@${ts}`
      const values = { vibration: 1 + (sequence % 7) / 10, temperature: 60 + Math.sin(sequence / 900) * 9 }
      inFlight++
      sequence++
      client.publish(`sensors/${asset}`, JSON.stringify({ asset, ts, values }), { qos: 1 }, (error) => {
        inFlight--
        if (!error) acknowledged.add(id)
      })
    }
  }, 5)
  return {
    acknowledged,
    /** Waits until the broker of now has acknowledged something. */
    async heard() {
      const before = acknowledged.size
      while (acknowledged.size === before) await sleep(5)
    },
    async stop() {
      clearInterval(timer)
      while (inFlight > 0) await sleep(10)
      await client.endAsync()
    },
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

test(`${KILLS} × kill -9 (CRASH_SEED=${SEED} repeats the moments)`, { timeout: 240_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'forewarn-crash-'))
  dirs.push(dir)
  const [mqttPort, httpPort] = [await unusedPort(), await unusedPort()]
  const env = {
    FOREWARN_LOG_DIR: join(dir, 'data'),
    FOREWARN_MQTT_PORT: String(mqttPort),
    FOREWARN_HTTP_PORT: String(httpPort),
    // Small ones, so that kills fall between snapshots, behind them and into them.
    FOREWARN_LIMITS_SNAPSHOT_RECORDS: '2000',
    FOREWARN_LOG_TICKS: '100ms',
  }
  const { settings } = loadConfig({ file: undefined, env, flags: {}, modelsDir: '', base: {} })
  const random = createRandom(SEED, 'kills')
  const publisher = publishForever(mqttPort)
  for (let kill = 0; kill < KILLS; kill++) {
    const program = startProgram(['up'], env)
    programs.push(program)
    await untilReady(program, httpPort)
    await publisher.heard()
    await sleep(RUN_MS[0] + random.uniform() * (RUN_MS[1] - RUN_MS[0]))
    program.child.kill('SIGKILL')
    await program.ended
  }
  const last = startProgram(['up'], env)
  programs.push(last)
  await untilReady(last, httpPort)
  await publisher.heard()
  while (publisher.acknowledged.size < ENOUGH) await sleep(20)
  await publisher.stop()
  last.child.kill('SIGTERM')
  expect(await last.ended, last.output()).toBe(0)
  const caughtUp = await runProgram(['up', '--role', 'engine', '--until-caught-up'], env)
  expect(caughtUp.status, caughtUp.output).toBe(0)

  const log = await openEventLog(settings.log, { readOnly: true })
  const { topics } = settings.log
  const readings = await recordsOf(log, topics.readings)
  const logged = new Set(
    readings
      .flat()
      .filter(({ key }) => key !== null)
      .map(idOf),
  )
  const lost = [...publisher.acknowledged].filter((id) => !logged.has(id))
  expect(publisher.acknowledged.size).toBeGreaterThan(1000)
  expect(lost).toEqual([])

  const pipelines = settings.pipelines.map((pipeline) => makePipeline(pipeline, [], settings.limits, null))
  const reference = await undisturbed(settings, pipelines, readings)
  for (const topic of [topics.scores, topics.alerts, topics['dead-letters'], topics['alert-states']]) {
    expect(await valuesOf(log, topic), topic).toEqual(await valuesOf(reference, topic))
  }
  expect((await valuesOf(log, topics.scores)).flat().length).toBeGreaterThan(0)
  await log.close()
})

function idOf({ key, value }: { key: string | null; value: Uint8Array | null }): string {
  const { ts } = JSON.parse(new TextDecoder().decode(value ?? new Uint8Array(0))) as { ts: number }
  return `${key}@${ts}`
}
