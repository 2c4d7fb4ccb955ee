/** Laws of append, read and bounds. */
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { partitionOf } from '../../src/core/murmur2.ts'
import type { NewRecord } from '../../src/core/ports.ts'
import {
  EMPTY_HEADERS,
  type MakeSubject,
  PARTITIONS,
  readAll,
  reading,
  readTopic,
  record,
  type Subject,
  shown,
  TOPICS,
  text,
} from './harness.ts'

export function appendLaws(make: MakeSubject): void {
  let subject: Subject
  beforeEach(async () => {
    subject = await make({ now: () => 1_700_000_000_000 })
  })
  afterEach(() => subject.dispose())

  placing(() => subject)
  wholeness(() => subject)
  content(() => subject)
  anyContent(() => subject)
  ranges(() => subject)
}

function placing(subject: () => Subject): void {
  test("a key goes to Kafka's partition, a named partition wins, no key goes to 0", async () => {
    const { log } = subject()
    const keys = ['pump-07', 'motor-00042', 'Ünïcode-ключ', '', 'a', 'b', 'c']
    const positions = await log.append([
      ...keys.map((key) => reading(key, 'x')),
      record(TOPICS.readings, 'pump-07', 'named', 1),
      record(TOPICS.readings, null, 'no key'),
    ])
    const expected = [...keys.map((key) => partitionOf(key, PARTITIONS)), 1, 0]
    expect(positions.map(({ partition }) => partition)).toEqual(expected)
    expect(shown(await readAll(log, TOPICS.readings, 1))).toContain('pump-07=named')
    expect(shown(await readAll(log, TOPICS.readings, 0))).toContain('null=no key')
  })

  test('positions say where each record landed, in the order of the request', async () => {
    const { log } = subject()
    const requests = [
      [reading('a', '1'), record(TOPICS.scores, 'a', '2'), reading('b', '3'), reading('a', '4')],
      [reading('a', '5'), reading('c', '6'), record(TOPICS.scores, 'c', '7')],
    ]
    for (const request of requests) {
      const positions = await log.append(request)
      expect(positions).toHaveLength(request.length)
      for (const [index, { topic, partition, offset }] of positions.entries()) {
        const [found] = await readAll(log, topic, partition, offset, offset + 1)
        expect(topic).toBe(request[index]!.topic)
        expect(found).toMatchObject({ offset, key: request[index]!.key })
        expect(text(found!.value)).toBe(text(request[index]!.value))
      }
    }
  })
}

function wholeness(subject: () => Subject): void {
  test.each([
    ['an unknown topic', { topic: 'nowhere', key: 'a', value: null }],
    ['a partition too high', record(TOPICS.readings, 'a', 'x', PARTITIONS)],
    ['a partition below zero', record(TOPICS.readings, 'a', 'x', -1)],
    ['no key on a compacted topic', record(TOPICS.state, null, 'x')],
    ['a key too long for a compacted topic', record(TOPICS.state, 'k'.repeat(1025), 'x')],
    ['a record too large', { topic: TOPICS.readings, key: 'a', value: Buffer.alloc(17 * 1024 * 1024) }],
  ])('%s is refused with a reason, and the whole append with it', async (_, wrong: NewRecord) => {
    const { log } = subject()
    const append = log.append([reading('a', '1'), wrong, record(TOPICS.scores, 'a', '2')])
    await expect(append).rejects.toMatchObject({ name: 'Failure', code: 'input' })
    expect(await readTopic(log, TOPICS.readings)).toEqual([])
    expect(await readTopic(log, TOPICS.scores)).toEqual([])
  })

  test('appends at the same time are each in order and none is torn', async () => {
    const { log } = subject()
    const appends = Array.from({ length: 40 }, (_, n) =>
      log.append(Array.from({ length: 5 }, (_, i) => reading(`k${n % 4}`, `${n}.${i}`))),
    )
    await Promise.all(appends)
    const all = await readTopic(log, TOPICS.readings)
    expect(all).toHaveLength(200)
    for (let key = 0; key < 4; key++) {
      const values = shown(all.filter((one) => one.key === `k${key}`))
      const wanted = Array.from({ length: 10 }, (_, n) =>
        Array.from({ length: 5 }, (_, i) => `k${key}=${key + 4 * n}.${i}`),
      )
      expect(values).toEqual(wanted.flat())
    }
  })

  test('an empty append writes nothing', async () => {
    expect(await subject().log.append([])).toEqual([])
    expect(await readTopic(subject().log, TOPICS.readings)).toEqual([])
  })
}

function content(subject: () => Subject): void {
  test('keys, values, headers and timestamps come back as they were, also after a restart', async () => {
    const records: NewRecord[] = [
      { topic: TOPICS.alerts, key: 'ключ-🔑', value: Buffer.from([0, 255, 1]), headers: { type: 'tick' } },
      { topic: TOPICS.alerts, key: null, value: Buffer.alloc(0), headers: {} },
      { topic: TOPICS.alerts, key: '', value: null, headers: EMPTY_HEADERS },
      { topic: TOPICS.alerts, key: 'k'.repeat(5000), value: Buffer.alloc(1024 * 1024, 7) },
      { topic: TOPICS.alerts, key: 'h', value: Buffer.from('v'), headers: { é: 'ü'.repeat(300), empty: '' } },
      { topic: TOPICS.alerts, key: '__proto__', value: Buffer.from('v'), headers: { constructor: '1' } },
    ]
    const placed = records.map((one) => ({ ...one, partition: 2 }))
    await subject().log.append(placed)
    for (const restart of [false, true]) {
      if (restart) await subject().restart()
      const found = await readAll(subject().log, TOPICS.alerts, 2)
      expect(found.map(({ key }) => key)).toEqual(records.map(({ key }) => key))
      found.forEach(({ value, headers, timestamp, offset }, index) => {
        const wanted = records[index]!
        expect(value === null ? null : Buffer.compare(value, wanted.value ?? Buffer.from('?'))).toBe(
          wanted.value === null ? null : 0,
        )
        expect(headers).toEqual(wanted.headers ?? {})
        expect(timestamp).toBe(1_700_000_000_000)
        expect(offset).toBe(index)
      })
      expect(found[2]!.headers).toBe(EMPTY_HEADERS)
    }
  })

  test('headers may have any name, also those that every object has', async () => {
    const names = ['__proto__', 'toString', 'constructor', 'hasOwnProperty', 'valueOf', '', 'a b', 'é']
    const headers = Object.fromEntries(names.map((name, index) => [name, `${index}`]))
    await subject().log.append([
      { topic: TOPICS.alerts, key: 'k', value: null, headers, partition: 0 },
      { topic: TOPICS.alerts, key: 'k', value: null, headers: { type: 'tick' }, partition: 0 },
    ])
    for (const restart of [false, true]) {
      if (restart) await subject().restart()
      const [found, bare] = await readAll(subject().log, TOPICS.alerts, 0)
      expect(Object.entries(found!.headers)).toEqual(Object.entries(headers))
      expect(Object.entries(bare!.headers)).toEqual([['type', 'tick']])
    }
  })

  test('what is in the log no longer depends on the buffers that were given', async () => {
    const value = Buffer.from('before')
    await subject().log.append([{ topic: TOPICS.readings, key: 'a', value }])
    value.write('after!')
    expect(shown(await readTopic(subject().log, TOPICS.readings))).toEqual(['a=before'])
  })
}

function anyContent(subject: () => Subject): void {
  test('any record survives the trip', async () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 80 })
    const anyRecord = fc.record({
      key: fc.option(anyText, { nil: null }),
      value: fc.option(fc.uint8Array({ maxLength: 400 }), { nil: null }),
      headers: fc.dictionary(anyText, anyText, { maxKeys: 4, noNullPrototype: true }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(anyRecord, { minLength: 1, maxLength: 30 }), async (records) => {
        const { log } = subject()
        const [first] = await log.append(
          records.map((one) => ({ ...one, topic: TOPICS['dead-letters'], partition: 0 })),
        )
        const found = await readAll(log, TOPICS['dead-letters'], 0, first!.offset)
        const plain = found.map(({ key, value, headers }) => ({
          key,
          value: value === null ? null : [...value],
          headers: { ...headers },
        }))
        expect(plain).toEqual(
          records.map((one) => ({ ...one, value: one.value === null ? null : [...one.value] })),
        )
      }),
      { numRuns: 60 },
    )
  })
}

function ranges(subject: () => Subject): void {
  test('bounds begin at zero and grow; an unknown topic or partition has a reason', async () => {
    const { log } = subject()
    expect(await log.bounds(TOPICS.readings)).toEqual(Array(PARTITIONS).fill({ start: 0, end: 0 }))
    await log.append(Array.from({ length: 7 }, () => record(TOPICS.readings, 'a', 'x', 1)))
    const none = { start: 0, end: 0 }
    expect(await log.bounds(TOPICS.readings)).toEqual([none, { start: 0, end: 7 }, none])
    await expect(log.bounds('nowhere')).rejects.toMatchObject({ code: 'input' })
    await expect(async () => log.read(TOPICS.readings, 99, 0)).rejects.toMatchObject({ code: 'input' })
  })

  test('read gives [from, to) whatever the sizes of the appends, in bounded chunks', async () => {
    const { log } = subject()
    const values: string[] = []
    const sizes = [1, 2, 700, 3, 1500, 1, 1, 90]
    for (const size of sizes) {
      const more = Array.from({ length: size }, (_, i) => `${values.length + i}`.padEnd(300, '.'))
      await log.append(more.map((value) => record(TOPICS.readings, 'k', value, 0)))
      values.push(...more)
    }
    const offset = fc.integer({ min: 0, max: values.length + 5 })
    await fc.assert(
      fc.asyncProperty(offset, offset, async (from, to) => {
        const found = await readAll(log, TOPICS.readings, 0, from, to)
        expect(shown(found)).toEqual(values.slice(from, Math.max(from, to)).map((value) => `k=${value}`))
        found.forEach((one, index) => {
          expect(one.offset).toBe(from + index)
        })
      }),
      { numRuns: 60, examples: [[0, values.length]] },
    )
  })

  test('a chunk holds about a mebibyte at most, or a single larger record', async () => {
    const { log } = subject()
    for (const kib of [300, 300, 300, 300, 3000, 300, 300, 300, 300, 300]) {
      await log.append([{ topic: TOPICS.readings, key: 'k', value: Buffer.alloc(kib * 1024), partition: 0 }])
    }
    const sizes: number[][] = []
    for await (const chunk of log.read(TOPICS.readings, 0, 0)) {
      sizes.push(chunk.map(({ value }) => value!.length / 1024))
    }
    expect(sizes.flat()).toHaveLength(10)
    for (const chunk of sizes) {
      const sum = chunk.reduce((total, one) => total + one, 0)
      expect(chunk.length === 1 || sum <= 1024).toBe(true)
    }
  })

  test('read ends at the end as of the call', async () => {
    const { log } = subject()
    await log.append([reading('a', '1')])
    const { partition } = (await log.append([reading('a', '2')]))[0]!
    const range = log.read(TOPICS.readings, partition, 0)
    await log.append([reading('a', '3')])
    const found: string[] = []
    for await (const chunk of range) found.push(...shown(chunk))
    expect(found).toEqual(['a=1', 'a=2'])
  })
}
