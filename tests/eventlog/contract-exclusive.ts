/** Laws of `exclusively`: read, decide and commit as the only one, all or nothing. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NewRecord } from '../../src/core/ports.ts'
import { type MakeSubject, numbers, readTopic, record, type Subject, shown, TOPICS } from './harness.ts'

export function exclusiveLaws(make: MakeSubject): void {
  let subject: Subject
  beforeEach(async () => {
    subject = await make()
  })
  afterEach(() => subject.dispose())

  /** Adds one to the number in the state, and sends it. */
  const count = (partition: number, more: readonly NewRecord[] = []) =>
    subject.log.exclusively('counter', partition, async (state) => {
      let before = 0
      for await (const chunk of state) {
        for (const { key, value } of chunk)
          if (key === '/count') before = Number(Buffer.from(value!).toString())
      }
      const after = `${before + 1}`
      return {
        emit: [record(TOPICS.readings, 'k', after, partition), ...more],
        state: [record(TOPICS.state, '/count', after, partition)],
      }
    })
  const sent = async () => shown(await readTopic(subject.log, TOPICS.readings)).sort()

  test('many at once count each other: nobody decides by what another is about to change', async () => {
    await Promise.all([...numbers(0, 6).map(() => count(1)), count(0)])
    await subject.restart()
    await count(1)
    const wanted = ['k=1', 'k=1', 'k=2', 'k=3', 'k=4', 'k=5', 'k=6', 'k=7']
    expect(await sent()).toEqual(wanted)
  })

  test('what throws, or can not be written as a whole, leaves nothing behind', async () => {
    await count(2)
    const failing = subject.log.exclusively('counter', 2, async () => {
      throw new Error('changed its mind')
    })
    await expect(failing).rejects.toThrow('changed its mind')
    await expect(count(2, [record('no-such-topic', null, 'x')])).rejects.toMatchObject({ code: 'input' })
    await expect(count(9)).rejects.toMatchObject({ code: 'input' })
    await subject.log.exclusively('counter', 2, async () => ({ emit: [], state: [] }))
    await count(2)
    expect(await sent()).toEqual(['k=1', 'k=2'])
  })
}
