import { expect, test } from 'vitest'
import { ASSETS, createLoad, type Fate, numberOf } from '../../src/chaos/load.ts'

const START_TS = 1_700_000_000_000

test('a message is the same each time, and its payload tells its number', () => {
  const [one, other] = [createLoad(3, START_TS), createLoad(3, START_TS)]
  for (const number of [0, 1, 211, 401, 503, 12_345]) {
    expect(one.message(number)).toEqual(other.message(number))
    expect(numberOf(one.message(number).payload)).toBe(number)
  }
  expect(createLoad(4, START_TS).message(5).payload).not.toBe(one.message(5).payload)
  expect(numberOf('{"asset":"pump-1"}')).toBeNull()
})

test('every fate comes, and the first messages are plain readings of every machine', () => {
  const load = createLoad(3, START_TS)
  const fates = new Map<Fate, number>()
  for (let number = 0; number < 5000; number++) {
    const { fate, payload } = load.message(number)
    fates.set(fate, (fates.get(fate) ?? 0) + 1)
    if (fate === 'not-json') expect(() => JSON.parse(payload)).toThrow()
    else expect(JSON.parse(payload).values.number).toBe(number)
  }
  expect([...fates.keys()].sort()).toEqual(['future', 'late', 'not-json', 'unassigned', 'windowed'])
  expect(fates.get('windowed')!).toBeGreaterThan(4900)
  const first = Array.from({ length: ASSETS }, (_, number) => load.message(number))
  expect(new Set(first.map(({ topic }) => topic)).size).toBe(ASSETS)
  expect(first.every(({ fate }) => fate === 'windowed')).toBe(true)
})
