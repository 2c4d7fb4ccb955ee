/** What can happen to a partition, for properties: readings of a few assets, ticks, commands. */
import fc from 'fast-check'
import { acknowledge, endAlert } from '../../src/core/alert.ts'
import { forgetSilent, takeCommand } from '../../src/core/life.ts'
import { type Partition, type Step, takeReading, takeTick } from '../../src/core/partition.ts'
import type { Command } from '../../src/core/records.ts'
import { settleWindow } from '../../src/core/settle.ts'
import { fieldsOf, type GivenReading } from './reading-fields.ts'

export type Move =
  | { readonly reading: GivenReading }
  | { readonly tick: { readonly ts: number; readonly elapsed: number } }
  | { readonly acknowledge: string }
  | { readonly retire: string }

const ASSETS = ['pump-1', 'pump-2', 'motor-1'] as const
const START_MS = 1_700_000_000_000

/** Seconds of a clock that goes on, with readings around it: late ones, early ones, again the same. */
export const moves: fc.Arbitrary<readonly Move[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom(
        'reading',
        'reading',
        'reading',
        'reading',
        'again',
        'tick',
        'silence',
        'acknowledge',
        'retire',
      ),
      asset: fc.constantFrom(...ASSETS),
      onMs: fc.integer({ min: 0, max: 4000 }),
      offMs: fc.oneof(fc.constant(0), fc.integer({ min: -30_000, max: 2000 })),
      values: fc.dictionary(
        fc.constantFrom('temperature', 'vibration', 'pressure'),
        fc.oneof(
          fc.integer({ min: -50, max: 50 }),
          fc.constant(null),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
        ),
        { noNullPrototype: true },
      ),
    }),
    { maxLength: 120 },
  )
  .map((steps) => {
    let nowMs = START_MS
    let last: GivenReading = { asset: 'pump-1', ts: nowMs }
    return steps.map(({ kind, asset, onMs, offMs, values }): Move => {
      nowMs += onMs
      if (kind === 'tick') return { tick: { ts: nowMs, elapsed: onMs } }
      if (kind === 'silence') {
        nowMs += 60_000
        return { tick: { ts: nowMs, elapsed: 60_000 } }
      }
      if (kind === 'retire') return { retire: asset }
      if (kind === 'acknowledge') return { acknowledge: asset }
      if (kind === 'reading') last = { asset, ts: nowMs + offMs, values }
      return { reading: last }
    })
  })

/** Makes a move and settles what it closed; the result is all that anybody outside can see of it. */
export function play(partition: Partition, move: Move, offset: number): unknown {
  const steps: Step[] = []
  if ('tick' in move) takeTick(partition, move.tick, offset, steps)
  if ('tick' in move) forgetSilent(partition, offset, steps)
  if ('retire' in move) takeCommand(partition, retirement(move.retire), offset, steps)
  if ('acknowledge' in move) return acknowledgeAll(partition, move.acknowledge)
  const taken = 'reading' in move ? takeReading(partition, fieldsOf(move.reading), offset, steps) : null
  const results = taken !== null && typeof taken === 'object' ? [...taken.results] : taken
  const settled = steps.map((step) => {
    if ('ending' in step) return step.slots.map((slot) => endAlert(slot, step.ending))
    if (!('window' in step)) return step
    const { state, ...window } = step.window
    const verdict = settleWindow(
      partition.pipelines[state.pipeline]!,
      step.window,
      riskOf(step.window.statistics),
    )
    return { asset: state.asset, pipeline: state.pipeline, window, verdict }
  })
  return { results, settled }
}

function retirement(asset: string): Command {
  return { id: 'c', command: 'retire', asset, by: 'ann', at: START_MS }
}

/** Stands for a net in half of the windows; the other half is scored by the asset's own normal. */
function riskOf(statistics: Float64Array): number | null {
  const mean = statistics[0]
  if (mean === undefined || Number.isNaN(mean) || mean < 0) return null
  return mean > 20 ? 0.95 : mean / 100
}

function acknowledgeAll(partition: Partition, asset: string): unknown {
  return (partition.assets.get(asset) ?? []).map(({ alerts }) => {
    const alert = alerts[0]?.open?.alert ?? 'none'
    return acknowledge(alerts, { id: 'c', command: 'acknowledge', asset, alert, by: 'ann', at: START_MS })
  })
}
