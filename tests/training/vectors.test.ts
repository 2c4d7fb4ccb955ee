import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFleet, MACHINE_CLASSES } from '../../simulators/fleet.ts'
import { featureNames } from '../../src/core/features.ts'
import { buildDataset, datasetHash, usedRows, vectorsOf } from '../../src/training/dataset.ts'
import { makeDeck } from '../../src/training/deck.ts'
import { fitInputs, PLAIN_PREPARATION } from '../../src/training/prepare.ts'
import { ruleScores, tuneThreshold } from '../../src/training/threshold.ts'
import { makeVectorWriter, visitRows } from '../../src/training/vectors.ts'
import { everyAsset } from '../support/toy-dataset.ts'

const WIDTH = 300

describe('vectors', () => {
  it('are the same from memory and from disk, in any order', () => {
    const order = fc.array(fc.integer({ min: 0, max: 3999 }), { maxLength: 50 })
    const write = (memoryBytes: number) => {
      const writer = makeVectorWriter(WIDTH, memoryBytes)
      for (let row = 0; row < 4000; row++) {
        writer.add(
          Float64Array.from({ length: WIDTH }, (_, i) => (i % 7 === 3 ? Number.NaN : row * 1000 + i)),
        )
      }
      return writer.finish()
    }
    const memory = write(Number.POSITIVE_INFINITY)
    const disk = write(1)
    expect([memory.array === null, disk.array === null]).toEqual([false, true])
    fc.assert(
      fc.property(order, (rows) => {
        const seen = [memory, disk].map((vectors) => {
          const found: number[][] = []
          visitRows(vectors, Int32Array.from(rows), (numbers, at, place) => {
            found.push([place, ...numbers.subarray(at, at + WIDTH)])
          })
          return found
        })
        expect(seen[1]).toEqual(seen[0])
        expect(seen[0]!.map(([place, first]) => [place, first])).toEqual(
          rows.map((row, i) => [i, row * 1000]),
        )
      }),
      { numRuns: 30 },
    )
    disk.close()
  })
})

describe('a dataset on disk', () => {
  const channels = MACHINE_CLASSES.motor.channels.map(({ name }) => name)
  const startMs = Date.UTC(2026, 0, 5)
  const build = (memoryBytes: number) => {
    const faults = [{ asset: 'motor-01', kind: 'imbalance' as const, fromMs: startMs, growthMs: 500_000 }]
    const fleet = createFleet(
      { motor: 2 },
      { seed: 3, startMs, intervalMs: 1000, durationMs: 600_000, faults },
    )
    return buildDataset(fleet.readings(), fleet.labels, {
      channels,
      features: featureNames(channels),
      window: { sizeMs: 10_000, hopMs: 2000, latenessMs: 1000, idleMs: 20_000 },
      horizon: { share: 0.6, beforeMs: null, afterMs: 60_000 },
      memoryBytes,
    })
  }
  const memory = build(Number.POSITIVE_INFINITY)
  const disk = build(1)
  const rows = usedRows(memory, everyAsset(memory))

  it('is the one in memory: its hash, its steps, its rule, its deck', () => {
    expect(disk.spilled).toBeDefined()
    expect(memory.spilled).toBeUndefined()
    expect(datasetHash(disk)).toBe(datasetHash(memory))
    const inputs = fitInputs(memory, rows, PLAIN_PREPARATION)
    expect(fitInputs(disk, rows, PLAIN_PREPARATION).steps).toEqual(inputs.steps)
    const rule = tuneThreshold(memory, rows)
    expect(tuneThreshold(disk, rows)).toEqual(rule)
    expect(ruleScores(disk, rows, rule.column, rule.side)).toEqual(
      ruleScores(memory, rows, rule.column, rule.side),
    )
    const dealt = [memory, disk].map((dataset) =>
      [...makeDeck(dataset, inputs, rows, 0.2, 7).deal()].map(({ inputs: some, targets }) => [
        [...some],
        [...targets],
      ]),
    )
    expect(dealt[1]).toEqual(dealt[0])
  })

  it('says so to whoever wants all of it in memory', () => {
    expect(() => disk.vectors).toThrow('too many windows to hold their vectors in memory')
    vectorsOf(disk).close()
  })
})
