/** How a group shares out: every partition once, evenly, and as few moves as that allows. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assignPartitions, type GroupMember } from '../../src/eventlog/kafka-assign.ts'

const member = (id: string, owned: readonly number[] = [], generation = 1, topics = ['t']): GroupMember => ({
  id,
  topics,
  owned,
  generation,
})

const members: fc.Arbitrary<readonly GroupMember[]> = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 9 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((id) =>
        fc
          .tuple(fc.uniqueArray(fc.nat(20), { maxLength: 12 }), fc.nat(3))
          .map(([owned, generation]) => member(id, owned, generation)),
      ),
    ),
  )

const sharesOf = (all: readonly GroupMember[], partitions: number) =>
  new Map([...assignPartitions(all, partitions)].map(([id, { t }]) => [id, [...(t ?? [])]]))

test('every partition once, shares differ by one at most, whatever members claim, in any order', () => {
  fc.assert(
    fc.property(members, fc.integer({ min: 1, max: 24 }), fc.nat(), (all, partitions, turn) => {
      const shares = sharesOf(all, partitions)
      const given = [...shares.values()].flat().sort((a, b) => a - b)
      expect(given).toEqual(Array.from({ length: partitions }, (_, i) => i))
      const sizes = [...shares.values()].map(({ length }) => length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      const at = turn % all.length
      expect(sharesOf([...all.slice(at), ...all.slice(0, at)].reverse(), partitions)).toEqual(shares)
    }),
    { numRuns: 500 },
  )
})

test('sharing out again changes nothing; a newcomer takes no more than its share; who leaves leaves only its own', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 24 }), (count, partitions) => {
      const ids = Array.from({ length: count }, (_, i) => `m${i}`)
      const first = sharesOf(
        ids.map((id) => member(id)),
        partitions,
      )
      const settled = ids.map((id) => member(id, first.get(id)!))
      expect(sharesOf(settled, partitions)).toEqual(first)

      const withNew = sharesOf([...settled, member('new')], partitions)
      const moved = ids.flatMap((id) => first.get(id)!.filter((one) => !withNew.get(id)!.includes(one)))
      expect([...moved].sort((a, b) => a - b)).toEqual(withNew.get('new'))

      if (count === 1) return
      const without = sharesOf(settled.slice(1), partitions)
      for (const { id, owned } of settled.slice(1))
        expect(without.get(id)).toEqual(expect.arrayContaining([...owned]))
    }),
    { numRuns: 300 },
  )
})

test('of two claims the younger counts: a zombie gets nothing back from who took over', () => {
  const shares = sharesOf([member('zombie', [0, 1], 3), member('owner', [0, 1], 4)], 2)
  expect([...shares.values()].every(({ length }) => length === 1)).toBe(true)
  const uneven = sharesOf([member('zombie', [0], 3), member('owner', [0], 4)], 1)
  expect(uneven).toEqual(
    new Map([
      ['owner', [0]],
      ['zombie', []],
    ]),
  )
})

test('members get only topics that they follow', () => {
  const assigned = assignPartitions([member('a', [], 1, ['x', 'y']), member('b', [], 1, ['y'])], 2)
  expect(assigned.get('a')).toEqual({ x: [0, 1], y: [0] })
  expect(assigned.get('b')).toEqual({ y: [1] })
})
