/** `dead-letters replay` killed with SIGKILL in the middle, again and again: each letter is sent once, on both logs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { deadLetterRecord } from '../../src/core/dead-letter.ts'
import { openEventLog } from '../../src/eventlog/open.ts'
import { recordsOf } from '../support/committed.ts'
import { sharedKafka } from '../support/kafka.ts'
import { startProgram } from '../support/program.ts'
import { requires } from '../support/requires.ts'

const LETTERS = 30_000
const KILLS = 12
const TIMEOUT_MS = 600_000
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forewarn-killed-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function onceHolds(name: string, lines: readonly string[]): Promise<void> {
  const config = join(folder, `${name}.yaml`)
  await writeFile(config, lines.join('\n'))
  const { settings } = loadConfig({ file: config, env: {}, flags: {}, modelsDir: 'models' })
  const { topics } = settings.log
  const log = await openEventLog(settings.log)
  for (let from = 0; from < LETTERS; from += 5000) {
    await log.append(
      Array.from({ length: 5000 }, (_, i) => {
        const asset = `pump-${(from + i) % 50}`
        const value = Buffer.from(
          JSON.stringify({ asset, ts: from + i, values: { t: 1 }, filler: 'x'.repeat(300) }),
        )
        return deadLetterRecord(
          topics['dead-letters'],
          { reason: 'unassigned', detail: 'then', key: asset, value },
          { source: 'mqtt', topic: `sensors/${asset}`, receivedAt: Date.now() },
        )
      }),
    )
  }
  await log.close()
  const reader = await openEventLog(settings.log, { readOnly: true })
  const readings = async () =>
    (await reader.bounds(topics.readings)).reduce((sum, { start, end }) => sum + end - start, 0)
  const run = ['dead-letters', 'replay', '--all', '--config', config]
  const seen: number[] = []
  // Each is killed as soon as something that it sent can be seen: in the middle of it.
  while (seen.length < KILLS && (seen.at(-1) ?? 0) < LETTERS) {
    const program = startProgram(run)
    let isOver = false
    program.ended.then(() => {
      isOver = true
    })
    while (!isOver && (await readings()) === (seen.at(-1) ?? 0)) {
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    program.child.kill('SIGKILL')
    await program.ended
    seen.push(await readings())
  }
  expect(seen.filter((count) => count > 0 && count < LETTERS).length, `${seen}`).toBeGreaterThan(0)
  const last = startProgram(run)
  expect(await last.ended, last.output()).toBe(0)
  const again = startProgram(run)
  expect(await again.ended).toBe(0)
  expect(again.output()).toContain(
    `0 dead letters sent again, 0 readings; ${LETTERS} were sent before, 0 refused`,
  )
  const sent = (await recordsOf(reader, topics.readings)).flat()
  await reader.close()
  expect(sent).toHaveLength(LETTERS)
  expect(new Set(sent.map(({ headers }) => headers['replayed-from'])).size).toBe(LETTERS)
}

const PIPELINES = 'pipelines: [ { name: pumps, assets: pump-*, window: { size: 30s } } ]'

describe('a replay that is killed', () => {
  test('on the embedded log', { timeout: TIMEOUT_MS }, async () => {
    await onceHolds('embedded', [PIPELINES, `log: { dir: ${join(folder, 'data')} }`])
  })

  test.skipIf(requires('kafka').missing)('on Kafka', { timeout: TIMEOUT_MS }, async () => {
    const brokers = await sharedKafka()
    const log = `log: { adapter: kafka, prefix: killed-${process.pid}., group: killed-${process.pid}, kafka: { brokers: [ '${brokers}' ] } }`
    await onceHolds('kafka', [PIPELINES, log])
  })
})
