import { describe, expect, test } from 'vitest'
import type { RejectedPayload } from '../../src/core/dead-letter.ts'
import { makePipeline } from '../../src/engine/pipeline.ts'
import { makeJsonFormat } from '../../src/formats/json.ts'
import { type Given, runLane } from '../support/lane-run.ts'
import { LIMITS, pipelineSettings } from '../support/pipeline-settings.ts'

const T0 = Date.parse('2026-03-01T00:00:00Z')
const HOUR = 3_600_000
const SECOND = 1000
/** Windows of 30 s, lateness 10 s, idle 60 s. */
const pipelines = [makePipeline(pipelineSettings(), [], LIMITS, null)]

const reading = (asset: string, ts: unknown, temperature: number, at = Number(ts)): Given => ({
  at,
  reading: { asset, ts, values: { temperature } },
})
const tick = (ts: number, elapsed = SECOND): Given => ({ at: ts, tick: { ts, elapsed } })

/** Seconds 0 to `seconds`: a tick, then what `each` gives for it. */
function seconds(count: number, each: (second: number, now: number) => readonly Given[]): Given[] {
  return Array.from({ length: count }, (_, second) => {
    const now = T0 + second * SECOND
    return [tick(now, second === 0 ? 0 : SECOND), ...each(second, now)]
  }).flat()
}

const spans = ({ scores }: ReturnType<typeof runLane>, asset: string) =>
  scores
    .filter((score) => score.asset === asset)
    .map(({ windowStart, count, closed }) => ({ windowStart, count, closed }))
const counts = ({ lane }: ReturnType<typeof runLane>) => lane.partition.readings[0]!
const reasons = ({ letters }: ReturnType<typeof runLane>) =>
  letters.map(({ key, headers }) => `${key} ${headers?.reason}`)
const unique = (texts: readonly string[]) => [...new Set(texts)]

describe('clocks (check 9)', () => {
  const steady = (now: number) => reading('pump-1', now, 60)

  test("One gateway clock runs +1 h: only its own keys are quarantined, nobody else's window closes early", () => {
    const alone = runLane(
      pipelines,
      seconds(300, (_, now) => [steady(now)]),
    )
    const both = runLane(
      pipelines,
      seconds(300, (_, now) => [steady(now), reading('pump-2', now + HOUR, 60, now)]),
    )
    expect(spans(both, 'pump-1')).toEqual(spans(alone, 'pump-1'))
    expect(spans(both, 'pump-2')).toEqual([])
    expect(unique(reasons(both))).toEqual(['pump-2 future'])
    expect(counts(both)).toMatchObject({ future: 300, windowed: 300, late: 0 })
    expect(both.letters[0]!.headers?.detail).toBe(
      'ts 2026-03-01T01:00:00.000Z is more than 300 s ahead of the log clock (limits.futureBy): the clock of the asset or its gateway is ahead',
    )
  })

  test('a clock that is ahead is found out before the first tick, by the time at which the log took the reading', () => {
    const run = runLane(pipelines, [reading('pump-2', T0 + HOUR, 60, T0), steady(T0)])
    expect(counts(run)).toMatchObject({ future: 1, windowed: 1 })
  })

  test('a clock jumps back an hour: its own readings are late until it is where it was, and say by how much', () => {
    const run = runLane(
      pipelines,
      seconds(600, (second, now) => [
        steady(now),
        reading('pump-2', second < 300 ? now : now - HOUR, 60, now),
      ]),
    )
    expect(spans(run, 'pump-1').every(({ count }) => count === 30)).toBe(true)
    expect(counts(run)).toMatchObject({ late: 300, windowed: 900 })
    expect(unique(reasons(run))).toEqual(['pump-2 late'])
    expect(run.letters[0]!.headers?.detail).toMatch(
      /ts 2026-02-28T23:05:00.000Z is 3599 s before the newest reading/,
    )
  })

  test.each([
    ['seconds', (now: number) => Math.floor(now / 1000)],
    ['microseconds', (now: number) => now * 1000],
    ['2099', () => Date.parse('2099-01-01T00:00:00Z')],
    ['NaN', () => Number.NaN],
  ])('a device that sends its time as %s disturbs nobody, and is told what is wrong', (unit, wrong) => {
    const run = runLane(
      pipelines,
      seconds(120, (_, now) => [steady(now), reading('pump-2', wrong(now), 60, now)]),
    )
    expect(spans(run, 'pump-2')).toEqual([])
    expect(spans(run, 'pump-1')).toHaveLength(3)
    expect(run.letters).toHaveLength(120)
    const detail = run.letters[0]!.headers?.detail ?? ''
    if (unit.endsWith('seconds')) expect(detail).toContain(`looks like epoch ${unit}: `)
    if (unit.endsWith('seconds')) expect(detail).toContain('would be 2026-03-01T00:00:00.000Z')
  })

  test.each(['seconds', 'microseconds', 'seconds with a fraction'])(
    '%s are refused at the door as well',
    (unit) => {
      const ts = { seconds: T0 / 1000, microseconds: T0 * 1000, 'seconds with a fraction': T0 / 1000 + 0.5 }[
        unit
      ]
      const letters: RejectedPayload[] = []
      const format = makeJsonFormat(LIMITS)
      const taker = { reading() {}, letter: (letter: RejectedPayload) => letters.push(letter) }
      // Once its shape is known a payload takes the quick way; that one looks as well.
      for (const sent of [T0, T0 + 1, ts]) {
        const payload = Buffer.from(JSON.stringify({ asset: 'pump-2', ts: sent, values: { t: 1 } }))
        format.decode(payload, { asset: 'pump-2', receivedAt: T0 }, taker)
      }
      expect(letters).toHaveLength(1)
      expect(letters[0]!.detail).toMatch(/looks like epoch (micro)?seconds: .* would be 2026-03-01T00:00:00/)
    },
  )

  test("the host's clock steps ten minutes forward, or back: no output changes", () => {
    const run = (stepMs: number) => {
      let last = 0
      const given = seconds(400, (_, now) => [steady(now)]).map((one) => {
        if (!one.tick || one.tick.ts < T0 + 200 * SECOND) return one
        // The owner of the ticks never goes back; what it measures as elapsed is another clock.
        last = Math.max(last, one.tick.ts + stepMs, T0 + 200 * SECOND)
        return { ...one, tick: { ...one.tick, ts: last } }
      })
      return runLane(pipelines, given)
    }
    expect(run(600_000).scores).toEqual(run(0).scores)
    expect(run(-600_000).scores).toEqual(run(0).scores)
    expect(run(-600_000).letters).toEqual([])
  })
})
