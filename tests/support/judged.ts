/** Windows with known scores and labels: machines of ten windows of a minute each, some of which fail. */
import type { Score } from '../../src/core/records.ts'
import type { FailureLabel } from '../../src/training/horizon.ts'
import { type JudgedWindows, judgedWindows } from '../../src/training/judged.ts'

export const MINUTE = 60_000
/** The whole of a label is positive. */
export const WHOLE = { share: 1, beforeMs: null, afterMs: 0 }

/**
 * @param scores of each machine's windows, in order; null = still learning
 * @param faults first and last window of a fault, by machine
 */
export function judgedMinutes(
  scores: Readonly<Record<string, readonly (number | null)[]>>,
  faults: Readonly<Record<string, readonly [number, number]>>,
): JudgedWindows {
  const labels = Object.entries(faults).map(
    ([asset, [from, to]]): FailureLabel => ({
      asset,
      from: from * MINUTE,
      to: (to + 1) * MINUTE,
      kind: 'wear',
    }),
  )
  const records = Object.entries(scores).flatMap(([asset, list]) =>
    list.map(
      (score, i): Score => ({
        asset,
        pipeline: 'p',
        windowStart: i * MINUTE,
        windowEnd: (i + 1) * MINUTE,
        count: 1,
        score: score ?? 0,
        model: 'm',
        modelVersion: '1',
        ...(score === null ? { learning: true } : {}),
        closed: 'watermark',
      }),
    ),
  )
  records.sort((a, b) => a.windowEnd - b.windowEnd)
  return judgedWindows(records, labels, WHOLE)
}

export function repeated<Value>(value: Value, times: number): Value[] {
  return Array.from({ length: times }, () => value)
}
