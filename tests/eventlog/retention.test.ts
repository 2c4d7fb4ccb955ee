/** What retention chooses. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Head, type HeadCursor, ROUND_BATCHES, removeOldest } from '../../src/eventlog/retention.ts'

function cursor(heads: readonly Head[], removed: Head[]): HeadCursor {
  let at = 0
  return {
    peek: () => heads[at] ?? null,
    remove: () => {
      removed.push(heads[at++]!)
    },
  }
}

const partitions = fc.array(
  fc.record({
    floor: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 30 })),
    steps: fc.array(
      fc.record({
        records: fc.integer({ min: 1, max: 4 }),
        later: fc.nat({ max: 20 }),
        bytes: fc.nat({ max: 50 }),
      }),
      { maxLength: 12 },
    ),
  }),
  { maxLength: 4 },
)

test('only what every group has passed goes, oldest first; expired all, others as far as the size asks', () => {
  fc.assert(
    fc.property(partitions, fc.nat({ max: 200 }), fc.nat({ max: 600 }), (specs, retentionMs, maxBytes) => {
      const all = specs.map(({ steps }, partition) => {
        let end = 0
        let timestamp = 0
        return steps.map(({ records, later, bytes }): Head => {
          end += records
          timestamp += later
          return { topic: 't', partition, end, timestamp, bytes }
        })
      })
      const sizeBytes = all.flat().reduce((sum, { bytes }) => sum + bytes, 0)
      const removed: Head[] = []
      const cursors = all.map((heads) => cursor(heads, removed))
      const slowest = (_: string, partition: number) => {
        const keepFrom = specs[partition]!.floor
        return Number.isFinite(keepFrom) ? { group: 'g', keepFrom } : null
      }
      const nowMs = 250
      const result = removeOldest(cursors, { slowest }, sizeBytes, { retentionMs, maxBytes }, nowMs)
      const freed = removed.reduce((sum, { bytes }) => sum + bytes, 0)
      expect(result).toEqual({ batches: removed.length, bytes: freed, more: false })
      const isRemoved = new Set(removed)
      for (const [partition, heads] of all.entries()) {
        const left = heads.filter((head) => !isRemoved.has(head))
        expect(heads.slice(heads.length - left.length)).toEqual(left)
        for (const head of heads)
          if (isRemoved.has(head)) expect(head.end).toBeLessThanOrEqual(specs[partition]!.floor)
        const next = left[0]
        if (next === undefined || next.end > specs[partition]!.floor) continue
        expect(next.timestamp).toBeGreaterThanOrEqual(nowMs - retentionMs)
        expect(sizeBytes - freed).toBeLessThanOrEqual(maxBytes)
      }
      removed.slice(1).forEach(({ timestamp }, index) => {
        expect(timestamp).toBeGreaterThanOrEqual(removed[index]!.timestamp)
      })
    }),
    { numRuns: 1000 },
  )
})

test('a round ends at its limit', () => {
  const heads = Array.from({ length: ROUND_BATCHES + 3 }, (_, i) => ({
    topic: 't',
    partition: 0,
    end: i + 1,
    timestamp: 0,
    bytes: 1,
  }))
  const cursors = [cursor(heads, [])]
  const policy = { retentionMs: 0, maxBytes: 0 }
  const rounds = [1, 2].map(() => removeOldest(cursors, { slowest: () => null }, 0, policy, 10))
  expect(rounds).toEqual([
    { batches: ROUND_BATCHES, bytes: ROUND_BATCHES, more: true },
    { batches: 3, bytes: 3, more: false },
  ])
})
