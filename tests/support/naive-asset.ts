/**
 * The asset's state machine as plainly as it can be said: every reading is kept in an array, every window is
 * worked out from all of its readings at once. `src/core/asset.ts` must agree with it.
 */
import type { ClosedBy } from '../../src/core/records.ts'
import type { WindowRule } from '../../src/core/window.ts'
import type { GivenReading } from './reading-fields.ts'

export interface NaiveWindow {
  readonly start: number
  readonly end: number
  readonly count: number
  readonly closed: ClosedBy
  readonly statistics: Readonly<Record<string, readonly number[]>>
}

export interface NaiveAsset {
  take(reading: GivenReading): 'windowed' | 'late' | 'duplicate'
  closeIdle(reason: ClosedBy): void
  readonly closed: NaiveWindow[]
  watermark(): number
  open(): number
}

export function createNaiveAsset(
  rule: WindowRule,
  openLimit: number,
  plausible: (channel: string, value: number) => boolean = () => true,
): NaiveAsset {
  const accepted: GivenReading[] = []
  const windows = new Map<number, GivenReading[]>()
  const closed: NaiveWindow[] = []
  let newest = Number.NEGATIVE_INFINITY
  let watermark = Number.NEGATIVE_INFINITY

  const startsOf = (ts: number) => {
    const starts: number[] = []
    const last = Math.floor(ts / rule.hopMs) * rule.hopMs
    for (let start = last; start + rule.sizeMs > ts; start -= rule.hopMs) starts.unshift(start)
    return starts
  }
  const sameValues = (a: GivenReading, b: GivenReading) => {
    const names = new Set([...Object.keys(a.values ?? {}), ...Object.keys(b.values ?? {})])
    return [...names].every((name) => Object.is(a.values?.[name], b.values?.[name]))
  }
  const closeTo = (to: number, reason: ClosedBy) => {
    watermark = Math.max(watermark, to)
    const ready = [...windows.keys()]
      .filter((start) => start + rule.sizeMs <= watermark)
      .sort((a, b) => a - b)
    for (const start of ready) {
      closed.push(describeWindow(start, start + rule.sizeMs, windows.get(start)!, reason, plausible))
      windows.delete(start)
    }
  }

  return {
    closed,
    take(reading) {
      const open = startsOf(reading.ts).filter((start) => start + rule.sizeMs > watermark)
      if (open.length === 0) return 'late'
      const again = accepted.some(
        (other) => other.ts === reading.ts && !other.arrival && sameValues(other, reading),
      )
      if (!reading.arrival && again) return 'duplicate'
      accepted.push(reading)
      for (const start of open) windows.set(start, [...(windows.get(start) ?? []), reading])
      newest = Math.max(newest, reading.ts)
      closeTo(newest - rule.latenessMs, 'watermark')
      while (windows.size > openLimit) closeTo(Math.min(...windows.keys()) + rule.sizeMs, 'watermark')
      return 'windowed'
    },
    closeIdle(reason) {
      if (windows.size > 0) closeTo(Math.max(...windows.keys()) + rule.sizeMs, reason)
    },
    watermark: () => watermark,
    open: () => windows.size,
  }
}

function describeWindow(
  start: number,
  end: number,
  readings: readonly GivenReading[],
  closed: ClosedBy,
  plausible: (channel: string, value: number) => boolean,
): NaiveWindow {
  const channels = new Set(readings.flatMap(({ values }) => Object.keys(values ?? {})))
  const statistics: Record<string, readonly number[]> = {}
  for (const channel of channels) {
    const points = readings.flatMap(({ ts, values }) => {
      const value = values?.[channel]
      return value === null || value === undefined || !plausible(channel, value)
        ? []
        : [{ value, seconds: (ts - start) / 1000 }]
    })
    if (points.length > 0) statistics[channel] = statisticsOf(points)
  }
  return { start, end, count: readings.length, closed, statistics }
}

/** By the textbook, in two passes, in the order of `STATISTICS`. */
function statisticsOf(points: readonly { readonly value: number; readonly seconds: number }[]): number[] {
  const n = points.length
  const average = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / n
  const mean = average(({ value }) => value)
  const moment = (power: number) => average(({ value }) => (value - mean) ** power)
  const middle = average(({ seconds }) => seconds)
  const spread = average(({ seconds }) => (seconds - middle) ** 2)
  const together = average(({ value, seconds }) => (value - mean) * (seconds - middle))
  const variance = moment(2)
  return [
    mean,
    Math.sqrt(variance),
    Math.min(...points.map(({ value }) => value)),
    Math.max(...points.map(({ value }) => value)),
    Math.sqrt(average(({ value }) => value * value)),
    variance > 0 ? moment(3) / variance ** 1.5 : 0,
    variance > 0 ? moment(4) / variance ** 2 - 3 : 0,
    variance > 0 && spread > 0 ? together / spread : 0,
  ]
}
