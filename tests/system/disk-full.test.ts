/**
 * Check 20 on the real program: a disk that is really full. No acknowledgement of what is not durable, the process
 * stays up and says that it is not ready, and with room it goes on without loss.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { recordsOf } from '../support/committed.ts'
import { type Program, startProgram, untilReady, unusedPort } from '../support/program.ts'
import { requires } from '../support/requires.ts'

const SMALL = 'size=6m'
const LARGE = 'size=128m'
const WINDOW = 200
const WITHIN_MS = 60_000

describe.skipIf(requires('tmpfs').missing)('a full disk under the running program', () => {
  let dir = ''
  let program: Program | null = null
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'forewarn-disk-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', SMALL, 'tmpfs', dir])
  })
  afterEach(async () => {
    program?.child.kill('SIGKILL')
    await program?.ended
    execFileSync('umount', [dir])
    rmdirSync(dir)
  })

  test('no acknowledgement, not ready, and all goes on with room', { timeout: 180_000 }, async () => {
    const [mqttPort, httpPort] = [await unusedPort(), await unusedPort()]
    const env = {
      FOREWARN_LOG_DIR: join(dir, 'data'),
      FOREWARN_MQTT_PORT: String(mqttPort),
      FOREWARN_HTTP_PORT: String(httpPort),
      FOREWARN_HTTP_REQUESTS_PER_MINUTE: '100000',
    }
    const { settings } = loadConfig({ file: undefined, env, flags: {}, modelsDir: '', base: {} })
    program = startProgram(['up'], env)
    await untilReady(program, httpPort)
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`)
    const acknowledged = new Set<number>()
    let sent = 0
    let publishing = true
    const publish = (): void => {
      while (publishing && sent - acknowledged.size < WINDOW) {
        const id = sent++
        const reading = { asset: `pump-${id % 7}`, ts: 1_700_000_000_000 + id, values: { value: id } }
        const padded = JSON.stringify({ ...reading, quality: { value: 'q'.repeat(900) } })
        client.publish(`sensors/${reading.asset}`, padded, { qos: 1 }, (error) => {
          if (!error) acknowledged.add(id)
          publish()
        })
      }
    }
    const status = async () => (await fetch(`http://127.0.0.1:${httpPort}/health/ready`)).status
    const untilStatus = async (wanted: number) => {
      const deadline = Date.now() + WITHIN_MS
      while ((await status()) !== wanted) {
        if (Date.now() > deadline) throw new Error(`never ${wanted}:\n${program?.output()}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }

    publish()
    await untilStatus(503)
    const ready = await (await fetch(`http://127.0.0.1:${httpPort}/health/ready`)).text()
    expect(ready).toContain('the log takes nothing')
    const live = await fetch(`http://127.0.0.1:${httpPort}/health/live`)
    expect(live.status).toBe(200)
    const stalledAt = acknowledged.size
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(acknowledged.size).toBe(stalledAt)

    execFileSync('mount', ['-o', `remount,${LARGE}`, dir])
    await untilStatus(200)
    while (acknowledged.size < stalledAt + 1000) await new Promise((resolve) => setTimeout(resolve, 20))
    publishing = false
    while (acknowledged.size < sent) await new Promise((resolve) => setTimeout(resolve, 20))
    await client.endAsync()
    program.child.kill('SIGTERM')
    expect(await program.ended, program.output()).toBe(0)

    const log = await openEventLog(settings.log, { readOnly: true })
    const readings = (await recordsOf(log, settings.log.topics.readings))
      .flat()
      .filter(({ key }) => key !== null)
    const ids = readings.map(
      ({ value }) =>
        (JSON.parse(new TextDecoder().decode(value!)) as { values: { value: number } }).values.value,
    )
    await log.close()
    expect(ids.length).toBe(sent)
    expect(new Set(ids)).toEqual(acknowledged)
  })
})
