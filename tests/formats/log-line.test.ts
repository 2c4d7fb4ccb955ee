import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inTimeOrder } from '../../src/formats/order.ts'
import { readRecording } from '../../src/formats/recording.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forewarn-lines-'))
})
afterAll(() => rm(folder, { recursive: true }))

const reading = (ts: number) => ({ asset: 'pump-1', ts, values: { a: ts } })
const record = (value: unknown, headers: object, more: object = {}) => ({
  ...{ partition: 0, offset: 1, timestamp: 5, key: 'pump-1' },
  ...{ headers, value, ...more },
})

async function read(lines: readonly unknown[]) {
  const path = join(folder, 'lines.jsonl')
  await writeFile(path, lines.map((line) => JSON.stringify(line)).join('\n'))
  let passedOver = 0
  const readings = []
  for await (const one of readRecording([path], null, () => passedOver++)) readings.push(one)
  return { readings, passedOver }
}

test('what tail and dead-letters list --json print is read; what carries no reading is counted', async () => {
  const { readings, passedOver } = await read([
    reading(1),
    record(reading(2), {}),
    record(reading(3), { reason: 'late', 'late-windows': 'p@0/5' }),
    record(reading(4), {}, { reason: 'late' }),
    record(reading(5), { reason: 'future' }),
    record({ ts: 1, elapsed: 0 }, { type: 'tick' }),
    record('bm8gSlNPTg==', { reason: 'not-json' }),
    record(null, {}),
  ])
  expect(readings.map(({ ts }) => ts)).toEqual([1, 2, 3, 4, 5])
  expect(passedOver).toBe(3)
})

test('a record whose reading is wrong is an error that names the line', async () => {
  await expect(read([record({ asset: 'pump-1' }, {})])).rejects.toThrow(/line 1: .*ts/)
})

test('late readings go where their own time belongs, whatever came in between', async () => {
  const other = { ...reading(25), asset: 'pump-2' }
  const ordered = await inTimeOrder([reading(10), reading(30), reading(20), other], [reading(15), reading(5)])
  expect(ordered.map(({ ts }) => ts)).toEqual([5, 10, 15, 25, 30, 20])
})
