/**
 * The log against a model: a processor like the engine's (a running sum per key, replayed from snapshots that
 * may be old) under random appends, failures and restarts gives exactly what an undisturbed one would.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Batch, EventLog, LogRecord, NewRecord, Processor } from '../../src/core/ports.ts'
import { GROUP, type MakeSubject, readTopic, record, type Subject, shown, TOPICS, text } from './harness.ts'

type Step =
  | { readonly kind: 'append'; readonly keys: readonly string[] }
  | { readonly kind: 'run'; readonly batchRecords: number; readonly throwAt: readonly number[] }
  | { readonly kind: 'restart' }

const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('append' as const), keys: fc.array(keys, { maxLength: 12 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('run' as const),
        batchRecords: fc.integer({ min: 1, max: 6 }),
        throwAt: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  ),
  { minLength: 3, maxLength: 14 },
)

export function modelLaws(make: MakeSubject, runs: number): void {
  test('scores, state and positions are those of an undisturbed run', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (program) => {
        const subject = await make()
        try {
          const sent = await play(subject, program)
          await run(subject.log, 5, [])
          await check(subject.log, sent)
        } finally {
          await subject.dispose()
        }
      }),
      { numRuns: runs },
    )
  })
}

async function play(subject: Subject, program: readonly Step[]): Promise<readonly string[]> {
  const sent: string[] = []
  for (const step of program) {
    if (step.kind === 'restart') await subject.restart()
    else if (step.kind === 'run') await run(subject.log, step.batchRecords, step.throwAt)
    else {
      const records = step.keys.map((key, i) => record(TOPICS.readings, key, `${sent.length + i}`))
      await subject.log.append(records)
      sent.push(...step.keys)
    }
  }
  return sent
}

/** Every key's n-th reading must have given the score n, in order; state and log agree. */
async function check(log: EventLog, sent: readonly string[]): Promise<void> {
  const readings = await readTopic(log, TOPICS.readings)
  const scores = await readTopic(log, TOPICS.scores)
  expect(readings).toHaveLength(sent.length)
  for (const key of new Set(sent)) {
    const indexes = sent.flatMap((one, index) => (one === key ? [index] : []))
    const ofKey = (records: readonly LogRecord[]) => shown(records.filter((one) => one.key === key))
    expect(ofKey(readings)).toEqual(indexes.map((index) => `${key}=${index}`))
    const sums = indexes.map((_, n) => indexes.slice(0, n + 1).reduce((sum, index) => sum + index, 0))
    expect(ofKey(scores)).toEqual(sums.map((sum) => `${key}=${sum}`))
  }
}

async function run(log: EventLog, batchRecords: number, throwAt: readonly number[]): Promise<void> {
  let processed = 0
  const fail = () => {
    if (throwAt.includes(processed++)) throw new Error('as the program wants')
  }
  await log.follow({
    topic: TOPICS.readings,
    group: GROUP,
    batchRecords,
    untilCaughtUp: true,
    open: (partition) => summing(partition, fail),
  }).done
}

/** Sums per key; writes its whole state every third batch only, so that a restore must replay. */
function summing(partition: number, fail: () => void): Processor {
  let sums = new Map<string, number>()
  let keepFrom = 0
  let batches = 0
  const take = (batch: Batch): NewRecord[] =>
    [...batch.records].map(({ key, value }) => {
      const sum = (sums.get(key!) ?? 0) + Number(text(value))
      sums.set(key!, sum)
      return record(TOPICS.scores, key, `${sum}`)
    })
  return {
    async restore(state) {
      for await (const chunk of state) {
        for (const { value } of chunk) {
          const saved: { keepFrom: number; sums: [string, number][] } = JSON.parse(text(value)!)
          keepFrom = saved.keepFrom
          sums = new Map(saved.sums)
        }
      }
      return keepFrom
    },
    async process(batch) {
      expect(batch.partition).toBe(partition)
      fail()
      const emit = take(batch)
      fail()
      if (batch.replay || ++batches % 3 !== 0) return { emit, state: [], keepFrom }
      keepFrom = batch.nextOffset
      const saved = JSON.stringify({ keepFrom, sums: [...sums] })
      return { emit, state: [record(TOPICS.state, 'sums', saved)], keepFrom }
    },
    committed: fail,
    async close() {
      sums.clear()
    },
  }
}
