import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeEventId, encodeEventId } from '../../src/http/event-id.ts'
import { SSE_RESUME_ALERTS } from '../../src/http/limits.ts'
import { planResume } from '../../src/http/resume.ts'

const PARTITIONS = 3
const offsets = fc.array(fc.nat(1_000_000), { minLength: PARTITIONS, maxLength: PARTITIONS })
const positions = fc.record({ alerts: offsets, scores: offsets })
const startAt = (start: number) => {
  const all = Array.from({ length: PARTITIONS }, () => ({ start, end: 1e9 }))
  return { alerts: all, scores: all }
}

describe('event ids', () => {
  it('give back the positions', () => {
    fc.assert(
      fc.property(positions, (at) => {
        const id = encodeEventId(at)
        expect(id).toMatch(/^[\x21-\x7e]+$/)
        expect(decodeEventId(id, PARTITIONS)).toEqual(at)
        expect(decodeEventId(id, PARTITIONS + 1)).toBe(null)
      }),
    )
  })

  it('take any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const at = decodeEventId(text, 1)
        if (at !== null) expect(encodeEventId(at)).toMatch(/^[0-9a-z]+-[0-9a-z]+$/)
      }),
    )
  })
})

describe('where a subscriber goes on', () => {
  it('lies between what the log holds and the live events; a gap is told just when it is not its id', () => {
    fc.assert(
      fc.property(positions, positions, fc.nat(1000), (last, live, start) => {
        const plan = planResume(encodeEventId(last), live, startAt(start))
        expect(plan.resumed).toBe(true)
        for (const topic of ['alerts', 'scores'] as const) {
          expect(plan.gaps.includes(topic)).toBe(
            plan.from[topic].some((offset, p) => offset !== last[topic][p]),
          )
          for (const [p, offset] of plan.from[topic].entries()) {
            const end = live[topic][p]!
            if (last[topic][p]! > end) expect(offset).toBe(end)
            else expect(offset).toBeGreaterThanOrEqual(Math.min(start, last[topic][p]!))
          }
          const events = plan.from.alerts.reduce(
            (sum, offset, p) => sum + Math.max(0, live.alerts[p]! - offset),
            0,
          )
          expect(events).toBeLessThanOrEqual(SSE_RESUME_ALERTS)
        }
      }),
    )
  })

  it('is the live events without an id that is known', () => {
    fc.assert(
      fc.property(fc.option(fc.string(), { nil: undefined }), positions, (id, live) => {
        fc.pre(id === undefined || decodeEventId(id, PARTITIONS) === null)
        expect(planResume(id, live, startAt(0))).toEqual({ from: live, resumed: false, gaps: [] })
      }),
    )
  })
})
