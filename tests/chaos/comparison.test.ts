import { expect, test } from 'vitest'
import { type Comparable, compare, IDENTITY, latestOf, total } from '../../src/chaos/comparison.ts'

const encoder = new TextEncoder()

function score(asset: string, windowStart: number, value = 0.1): Comparable {
  const json = { asset, pipeline: 'pumps', windowStart, score: value }
  return { key: asset, value: encoder.encode(JSON.stringify(json)), headers: { a: '1', b: '2' } }
}

const WANTED = [score('pump-1', 0), score('pump-2', 0), score('pump-1', 5000), score('pump-2', 5000)]

function counts(found: readonly Comparable[], isOrdered = true) {
  const { lost, doubled, different, findings } = compare('scores', found, WANTED, IDENTITY.scores, isOrdered)
  return { lost, doubled, different, findings: findings.length }
}

test('equal topics are equal, whatever the order of headers', () => {
  const found = WANTED.map((record) => ({ ...record, headers: { b: '2', a: '1' } }))
  expect(counts(found)).toEqual({ lost: 0, doubled: 0, different: 0, findings: 0 })
})

test.each<[string, readonly Comparable[], { lost: number; doubled: number; different: number }]>([
  ['a record too few', WANTED.slice(1), { lost: 1, doubled: 0, different: 0 }],
  ['a record twice', [...WANTED, WANTED[2]!], { lost: 0, doubled: 1, different: 0 }],
  ['two lost, one doubled', [WANTED[0]!, WANTED[0]!, WANTED[3]!], { lost: 2, doubled: 1, different: 0 }],
  ['another value', WANTED.with(1, score('pump-2', 0, 0.2)), { lost: 0, doubled: 0, different: 1 }],
  ['another header', WANTED.with(1, { ...WANTED[1]!, headers: {} }), { lost: 0, doubled: 0, different: 1 }],
  ['one of nobody', [...WANTED, score('pump-3', 0)], { lost: 0, doubled: 0, different: 1 }],
  [
    'bytes of nobody',
    [...WANTED, { key: 'x', value: encoder.encode('{') }],
    { lost: 0, doubled: 0, different: 1 },
  ],
  ['another order', [WANTED[1]!, WANTED[0]!, WANTED[2]!, WANTED[3]!], { lost: 0, doubled: 0, different: 2 }],
])('found: %s', (_, found, wanted) => {
  const { findings, ...tally } = counts(found)
  expect(tally).toEqual(wanted)
  expect(findings).toBeGreaterThan(0)
})

test('where the order does not count, another one is no fault', () => {
  expect(counts(WANTED.toReversed(), false)).toEqual({ lost: 0, doubled: 0, different: 0, findings: 0 })
})

test('bytes that are no text do not look alike', () => {
  const state = (byte: number): Comparable => ({ key: 'head', value: Uint8Array.of(0xff, byte) })
  const { different } = compare('state', [state(0xfe)], [state(0xfd)], IDENTITY.key, false)
  expect(different).toBe(1)
})

test('of a compacted topic the latest value of each key counts, and a tombstone ends it', () => {
  const record = (key: string, text: string | null): Comparable => ({
    key,
    value: text === null ? null : encoder.encode(text),
  })
  const all = [record('a', '1'), record('b', '1'), record('a', '2'), record('b', null)]
  expect(latestOf(all)).toEqual([record('a', '2')])
})

test('a sum names the first findings', () => {
  const one = { lost: 1, doubled: 0, different: 2, findings: ['x'] }
  const sum = total(Array.from({ length: 20 }, () => one))
  expect(sum).toMatchObject({ lost: 20, doubled: 0, different: 40 })
  expect(sum.findings.length).toBeLessThan(20)
})
