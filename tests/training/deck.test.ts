import { describe, expect, it } from 'vitest'
import { usedRows } from '../../src/training/dataset.ts'
import { makeDeck, preparedRows } from '../../src/training/deck.ts'
import { fitInputs, PLAIN_PREPARATION } from '../../src/training/prepare.ts'
import { everyAsset, toyDataset } from '../support/toy-dataset.ts'

describe('a deck', () => {
  const dataset = toyDataset(4)
  const rows = usedRows(dataset, everyAsset(dataset))
  const inputs = fitInputs(dataset, rows, PLAIN_PREPARATION)

  /** Each row with its target, as text, so that decks can be compared whatever their order. */
  function dealt(blankShare: number, seed: number, deals = 1): string[] {
    const deck = makeDeck(dataset, inputs, rows, blankShare, seed)
    for (let i = 1; i < deals; i++) expect([...deck.deal()]).toHaveLength(1)
    return [...deck.deal()].flatMap(({ inputs: some, targets }) =>
      Array.from(targets, (target, i) => `${some[i * 2]} ${some[i * 2 + 1]} ${target}`),
    )
  }

  it('holds every row once with its own target, in an order of its own each time', () => {
    const scaled = new Float32Array(rows.length * 2)
    preparedRows(dataset, inputs, rows, scaled)
    const expected = Array.from(
      rows,
      (row, i) => `${scaled[i * 2]} ${scaled[i * 2 + 1]} ${dataset.target[row]}`,
    )
    expect(dealt(0, 1).sort()).toEqual([...expected].sort())
    expect(dealt(0, 1, 2).sort()).toEqual([...expected].sort())
    expect(dealt(0, 1)).not.toEqual(expected)
    expect(dealt(0, 1, 2)).not.toEqual(dealt(0, 1))
  })

  it('repeats with its seed', () => {
    expect(dealt(0.3, 7, 3)).toEqual(dealt(0.3, 7, 3))
    expect(dealt(0.3, 8, 3)).not.toEqual(dealt(0.3, 7, 3))
  })

  it('blanks one channel in the share of rows that is asked for', () => {
    const blank = dealt(0.25, 1).filter((row) => /^0 | 0 /.test(row)).length
    expect(blank / rows.length).toBeGreaterThan(0.18)
    expect(blank / rows.length).toBeLessThan(0.32)
    expect(dealt(1, 1).every((row) => /^0 | 0 /.test(row))).toBe(true)
  })
})
