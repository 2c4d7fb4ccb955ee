/** `forewarn chaos` where its short form does not go: ingest and the brokers killed under publishers that remember (check 13). */
import { expect, test } from 'vitest'
import { runProgram } from '../support/program.ts'
import { requires } from '../support/requires.ts'

const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000)
const KILLS = Number(process.env.CHAOS_KILLS ?? 5)

test.skipIf(requires('kafka').missing)(
  `ingest and the broker killed ${KILLS} times each, what MQTT acknowledged is on the log once (check 13; CHAOS_SEED=${SEED})`,
  { timeout: 1_200_000 },
  async () => {
    const only = ['--only', 'ingest,broker,lost-acknowledgement']
    const args = ['chaos', '--log', 'kafka', '--kills', String(KILLS), '--seed', String(SEED), ...only]
    const { status, output } = await runProgram(args)
    expect(status, output).toBe(0)
    expect(output).toContain(`${KILLS} × kill -9, role ingest, at work`)
    expect(output).toContain(`${KILLS} × kill -9 of the Kafka broker, and restart`)
    expect(output).toContain('PROVED: 0 lost, 0 doubled, 0 different, 0 problems')
  },
)
