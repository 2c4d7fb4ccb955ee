/** Rules of small windows of each kind, in ms, for properties. */
import fc from 'fast-check'

export const timeRule = fc
  .record({
    sizeMs: fc.integer({ min: 1, max: 40 }),
    hop: fc.integer({ min: 1, max: 40 }),
    latenessMs: fc.integer({ min: 0, max: 60 }),
  })
  .map(({ sizeMs, hop, latenessMs }) => ({
    sizeMs,
    hopMs: Math.min(hop, sizeMs),
    latenessMs,
    idleMs: sizeMs + latenessMs,
  }))

export const countRule = fc
  .record({
    count: fc.integer({ min: 1, max: 12 }),
    hop: fc.integer({ min: 1, max: 12 }),
    latenessMs: fc.integer({ min: 0, max: 30 }),
    patience: fc.integer({ min: 0, max: 30 }),
  })
  .map(({ count, hop, latenessMs, patience }) => ({
    count,
    hop: Math.min(hop, count),
    latenessMs,
    idleMs: latenessMs + patience,
  }))

export const sessionRule = fc
  .record({
    gapMs: fc.integer({ min: 1, max: 20 }),
    more: fc.integer({ min: 0, max: 200 }),
    latenessMs: fc.integer({ min: 0, max: 60 }),
  })
  .map(({ gapMs, more, latenessMs }) => ({
    gapMs,
    maxMs: gapMs + more,
    latenessMs,
    idleMs: gapMs + latenessMs,
  }))
