import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  EARLY,
  failureSpans,
  type Horizon,
  LEFT_OUT,
  labeller,
  NEGATIVE,
  POSITIVE,
} from '../../src/training/horizon.ts'

const BY_SHARE: Horizon = { share: 0.6, beforeMs: null, afterMs: 500 }
const BY_TIME: Horizon = { share: 0.6, beforeMs: 300, afterMs: 500 }
const LABEL = { asset: 'a', from: 1000, to: 2000, kind: 'wear' }

function target(
  horizon: Horizon,
  startMs: number,
  endMs: number,
  label: typeof LABEL | (Omit<typeof LABEL, 'to'> & { to: null }) = LABEL,
) {
  return labeller(failureSpans([label], horizon))('a', startMs, endMs).target
}

describe('a window near a failure', () => {
  it.each([
    ['ends at onset', 900, 1000, NEGATIVE],
    ['lies across onset', 950, 1050, LEFT_OUT],
    ['is early', 1000, 1400, EARLY],
    ['lies across the horizon', 1350, 1450, LEFT_OUT],
    ['fails soon', 1400, 1500, POSITIVE],
    ['ends at the failure', 1900, 2000, POSITIVE],
    ['lies across the failure', 1950, 2050, LEFT_OUT],
    ['comes after it', 2100, 2200, LEFT_OUT],
    ['comes after the repair', 2500, 2600, NEGATIVE],
  ])('that %s', (_, startMs, endMs, expected) => {
    expect(target(BY_SHARE, startMs, endMs)).toBe(expected)
  })

  it('is positive by a time before the failure, as far as the fault had begun', () => {
    expect(target(BY_TIME, 1650, 1690)).toBe(EARLY)
    expect(target(BY_TIME, 1700, 1800)).toBe(POSITIVE)
    expect(target({ ...BY_TIME, beforeMs: 5000 }, 1000, 1100)).toBe(POSITIVE)
    expect(target({ ...BY_TIME, beforeMs: 5000 }, 900, 1000)).toBe(NEGATIVE)
  })

  it('without an end of its label is positive before the label', () => {
    const label = { ...LABEL, to: null }
    expect(target(BY_TIME, 700, 1000, label)).toBe(POSITIVE)
    expect(target(BY_TIME, 600, 700, label)).toBe(NEGATIVE)
    expect(target(BY_TIME, 1000, 1100, label)).toBe(LEFT_OUT)
    expect(() => failureSpans([label], BY_SHARE)).toThrow(
      "the label of a at 1000 has no 'to'; say by --horizon",
    )
  })

  it("is judged by its own asset's labels alone", () => {
    expect(labeller(failureSpans([LABEL], BY_SHARE))('b', 1500, 1600)).toEqual({ target: NEGATIVE, span: -1 })
  })

  it('is exactly one of the four, and never positive outside of onset to failure', () => {
    const times = fc.tuple(fc.integer({ min: 0, max: 4000 }), fc.integer({ min: 1, max: 900 }))
    fc.assert(
      fc.property(times, fc.double({ min: 0, max: 1, noNaN: true }), ([startMs, sizeMs], share) => {
        const found = target({ ...BY_SHARE, share }, startMs, startMs + sizeMs)
        expect([POSITIVE, NEGATIVE, EARLY, LEFT_OUT]).toContain(found)
        const inside = startMs >= 1000 && startMs + sizeMs <= 2000
        if (found === POSITIVE || found === EARLY) expect(inside).toBe(true)
        if (found === NEGATIVE) expect(startMs + sizeMs <= 1000 || startMs >= 2500).toBe(true)
      }),
    )
  })
})

describe('a label', () => {
  it('that ends before it begins is refused', () => {
    expect(() => failureSpans([{ ...LABEL, to: 999 }], BY_SHARE)).toThrow(
      "the label of a: 'to' (999) is before 'from' (1000)",
    )
  })
})
