import { afterEach, expect, test } from 'vitest'
import { startWitness, type Witness } from '../../simulators/publish-witness.ts'
import { startIngest, until } from '../support/ingest.ts'

let ingest: Awaited<ReturnType<typeof startIngest>> | null = null
let witness: Witness | null = null
afterEach(async () => {
  await witness?.stop(0)
  await ingest?.close()
  witness = null
  ingest = null
})

function message(number: number) {
  const asset = `pump-${number % 3}`
  return { topic: `sensors/${asset}`, payload: JSON.stringify({ asset, ts: number, values: { number } }) }
}

const numbers = () =>
  (ingest?.log.records ?? []).map(
    ({ value }) => (JSON.parse(Buffer.from(value ?? []).toString()) as { ts: number }).ts,
  )

test('what is acknowledged is on the log, and stop waits for the rest', async () => {
  ingest = await startIngest()
  witness = startWitness({ url: ingest.url, rate: 10_000, message })
  await until('acknowledgements', () => witness!.acknowledged.size > 200)
  expect(await witness.stop(5000)).toBe(0)
  expect(witness.acknowledged.size).toBe(witness.published())
  expect(numbers()).toEqual(Array.from({ length: witness.published() }, (_, number) => number))
})

test('nothing counts as acknowledged that is not durable, and a message is sent again after a loss', async () => {
  ingest = await startIngest()
  const { log } = ingest
  log.hold()
  witness = startWitness({ url: ingest.url, rate: 10_000, message })
  await until('messages on their way', () => witness!.published() > 50)
  expect(await witness.stop(50)).toBeGreaterThan(50)
  expect(witness.acknowledged.size).toBe(0)

  const held = log.waiting()
  const again = startWitness({ url: ingest.url, rate: 10_000, message })
  witness = again
  // Not only on their way: the log must hold some of them, or their failure would pass them by.
  await until('messages that the log holds', () => log.waiting() > held)
  // As a broker that goes down: what it holds will never be durable.
  log.fail(new Error('gone'))
  log.release()
  await until('a new connection', () => again.reconnects() > 0)
  await until('acknowledgements', () => again.acknowledged.size > 100)
  await again.stop(5000)
  const logged = new Set(numbers())
  expect([...again.acknowledged].filter((number) => !logged.has(number))).toEqual([])
})
