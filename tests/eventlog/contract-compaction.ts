/** Laws of compacted topics: the latest record of each key, in offset order, deletions included. */
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type MakeSubject, readAll, record, type Subject, shown, TOPICS } from './harness.ts'

const state = (key: string, value: string | null) => record(TOPICS.state, key, value, 0)

export function compactionLaws(make: MakeSubject): void {
  let subject: Subject
  beforeEach(async () => {
    subject = await make()
  })
  afterEach(() => subject.dispose())

  test('only the latest record of a key is left, at its own offset', async () => {
    await subject.log.append([state('a', '1'), state('b', '1'), state('a', '2')])
    await subject.log.append([state('c', '1'), state('a', '3')])
    const found = await readAll(subject.log, TOPICS.state, 0)
    expect(shown(found)).toEqual(['b=1', 'c=1', 'a=3'])
    expect(found.map(({ offset }) => offset)).toEqual([1, 3, 4])
    expect(await subject.log.bounds(TOPICS.state)).toMatchObject([{ start: 1, end: 5 }, {}, {}])
  })

  test('a tombstone takes the place of its key and can be read', async () => {
    await subject.log.append([state('a', '1'), state('b', '1')])
    await subject.log.append([state('a', null)])
    expect(shown(await readAll(subject.log, TOPICS.state, 0))).toEqual(['b=1', 'a=null'])
    await subject.log.append([state('a', '2')])
    expect(shown(await readAll(subject.log, TOPICS.state, 0))).toEqual(['b=1', 'a=2'])
  })

  test('the same key in another partition or topic is another key', async () => {
    await subject.log.append([
      record(TOPICS.state, 'a', 'p0', 0),
      record(TOPICS.state, 'a', 'p1', 1),
      record(TOPICS['alert-states'], 'a', 'other', 0),
    ])
    await subject.log.append([record(TOPICS.state, 'a', 'p0 again', 0)])
    expect(shown(await readAll(subject.log, TOPICS.state, 0))).toEqual(['a=p0 again'])
    expect(shown(await readAll(subject.log, TOPICS.state, 1))).toEqual(['a=p1'])
    expect(shown(await readAll(subject.log, TOPICS['alert-states'], 0))).toEqual(['a=other'])
  })

  anySequence(() => subject)
}

function anySequence(subject: () => Subject): void {
  test('any sequence of writes, appends and restarts ends in the latest per key', async () => {
    const write = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'key with \0 and ü', ''),
      value: fc.option(fc.string({ maxLength: 8 }), { nil: null, freq: 4 }),
    })
    const appends = fc.array(fc.array(write, { minLength: 1, maxLength: 8 }), { maxLength: 10 })
    let run = 0
    await fc.assert(
      fc.asyncProperty(appends, fc.integer({ min: 0, max: 10 }), async (batches, restartAt) => {
        const prefix = `${run++}:`
        const latest = new Map<string, string | null>()
        for (const [index, batch] of batches.entries()) {
          if (index === restartAt && run % 5 === 0) await subject().restart()
          await subject().log.append(batch.map(({ key, value }) => state(prefix + key, value)))
          for (const { key, value } of batch) {
            latest.delete(prefix + key)
            latest.set(prefix + key, value)
          }
        }
        const found = await readAll(subject().log, TOPICS.state, 0)
        const own = found.filter(({ key }) => key!.startsWith(prefix))
        expect(shown(own)).toEqual([...latest].map(([key, value]) => `${key}=${value}`))
        expect(own.every(({ offset }, index) => index === 0 || offset > own[index - 1]!.offset)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })
}
