import { Compile } from 'typebox/compile'
import { describe, expect, test } from 'vitest'
import { ASSET_ID, Command, Reading, Tick } from '../../src/core/records.ts'
import { LATEST_MS } from '../../src/core/time.ts'

const isTick = Compile(Tick)
const isCommand = Compile(Command)
const isReading = Compile(Reading)

test.each(['pump-07', 'a', 'A_b.c:d-9', 'x'.repeat(128)])('%s is an asset id', (id) => {
  expect(ASSET_ID.test(id)).toBe(true)
})

test.each(['', 'a b', 'a/b', 'ä', 'a\n', '+', '#', 'x'.repeat(129)])('%j is no asset id', (id) => {
  expect(ASSET_ID.test(id)).toBe(false)
})

describe('times that no calendar holds are refused, since events need a text of them', () => {
  const command = { id: 'c', command: 'acknowledge', asset: 'p', by: 'ann', alert: 'p:r:1' }

  test.each([LATEST_MS + 1, 1e300, -1e300, 1.5, Number.NaN, '5', null])('%s', (time) => {
    expect(isCommand.Check({ ...command, at: time })).toBe(false)
    expect(isTick.Check({ ts: time, elapsed: 0 })).toBe(false)
  })

  test('and the others are taken', () => {
    expect(isCommand.Check({ ...command, at: LATEST_MS })).toBe(true)
    expect(isTick.Check({ ts: 0, elapsed: 0.5 })).toBe(true)
  })
})

test('elapsed time never runs back', () => {
  expect(isTick.Check({ ts: 0, elapsed: -1 })).toBe(false)
})

test('values are numbers or null', () => {
  const reading = { asset: 'p', ts: 1 }
  expect(isReading.Check({ ...reading, values: { a: 1, b: null } })).toBe(true)
  expect(isReading.Check({ ...reading, values: { a: '1' } })).toBe(false)
  expect(isReading.Check({ ...reading, values: { a: Number.POSITIVE_INFINITY } })).toBe(false)
})
