import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MARKS_PER_RECORD, readMarks } from '../../src/core/replay-marks.ts'

const offsets = fc.array(
  fc.oneof(
    fc.nat(100),
    fc.nat(5 * MARKS_PER_RECORD),
    fc.constantFrom(MARKS_PER_RECORD - 1, MARKS_PER_RECORD),
  ),
  { maxLength: 40 },
)

test('marks are those that were added, whatever commits lie between', () => {
  fc.assert(
    fc.property(fc.array(offsets, { maxLength: 5 }), offsets, (commits, asked) => {
      const stored = new Map<string, Uint8Array>()
      const added = new Set<number>()
      for (const commit of commits) {
        const marks = read(stored)
        for (const offset of commit) {
          expect(marks.has(offset)).toBe(added.has(offset))
          marks.add(offset)
          added.add(offset)
        }
        for (const { key, value } of marks.changes(0)) stored.set(key, value!)
      }
      const marks = read(stored)
      for (const offset of [...asked, ...added]) expect(marks.has(offset)).toBe(added.has(offset))
    }),
  )
})

test('marks of letters that retention took are given up, others stay as they are', () => {
  const marks = read(new Map())
  for (const offset of [5, MARKS_PER_RECORD + 5]) marks.add(offset)
  const [first, second] = marks.changes(0)
  expect(first).toMatchObject({ key: '/replayed/3/0' })
  const later = read(new Map([first!, second!].map(({ key, value }) => [key, value!])))
  expect(later.changes(MARKS_PER_RECORD - 1)).toEqual([])
  expect(later.changes(MARKS_PER_RECORD)).toEqual([{ key: '/replayed/3/0', value: null }])
})

test('marks of another partition, and of a newer program', () => {
  const reader = readMarks(3)
  reader.take({ key: '/replayed/30/0', value: Buffer.alloc(9, 255) })
  reader.take({ key: 'forewarn/3/head', value: Buffer.alloc(9, 255) })
  expect(reader.marks().has(1)).toBe(false)
  expect(() => reader.take({ key: '/replayed/3/0', value: Buffer.from([2]) })).toThrow('format 2')
})

function read(stored: ReadonlyMap<string, Uint8Array>) {
  const reader = readMarks(3)
  for (const [key, value] of stored) reader.take({ key, value })
  return reader.marks()
}
