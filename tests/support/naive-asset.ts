/**
 * The asset's state machine as plainly as it can be said: every reading is kept in an array, every window is
 * worked out from all of its readings at once. `src/core/asset.ts` must agree with it.
 */
import type { ClosedBy } from '../../src/core/records.ts'
import type { CountRule, SessionRule, TimeRule, WindowRule } from '../../src/core/window.ts'
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

export type Plausible = (channel: string, value: number) => boolean

/** @param openLimit as `limits.openWindowsPerAsset` */
export function createNaiveAsset(
  rule: WindowRule,
  openLimit: number,
  plausible: Plausible = () => true,
): NaiveAsset {
  const describe = (start: number, end: number, readings: readonly GivenReading[], closed: ClosedBy) =>
    describeWindow(start, end, readings, closed, plausible)
  if ('count' in rule) return naiveCounted(rule, describe)
  return 'gapMs' in rule ? naiveSessions(rule, openLimit, describe) : naiveTimed(rule, openLimit, describe)
}

type Describe = (
  start: number,
  end: number,
  readings: readonly GivenReading[],
  closed: ClosedBy,
) => NaiveWindow

/** Tells readings that came before; they are remembered for ever. */
function makeMemory() {
  const accepted: GivenReading[] = []
  const sameValues = (a: GivenReading, b: GivenReading) => {
    const names = new Set([...Object.keys(a.values ?? {}), ...Object.keys(b.values ?? {})])
    return [...names].every((name) => Object.is(a.values?.[name], b.values?.[name]))
  }
  return {
    cameBefore(reading: GivenReading): boolean {
      const again = accepted.some(
        (other) => other.ts === reading.ts && !other.arrival && sameValues(other, reading),
      )
      if (!reading.arrival && again) return true
      accepted.push(reading)
      return false
    },
  }
}

function naiveTimed(rule: TimeRule, openLimit: number, describe: Describe): NaiveAsset {
  const memory = makeMemory()
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
  const closeTo = (to: number, reason: ClosedBy) => {
    watermark = Math.max(watermark, to)
    const ready = [...windows.keys()]
      .filter((start) => start + rule.sizeMs <= watermark)
      .sort((a, b) => a - b)
    for (const start of ready) {
      closed.push(describe(start, start + rule.sizeMs, windows.get(start)!, reason))
      windows.delete(start)
    }
  }

  return {
    closed,
    take(reading) {
      const open = startsOf(reading.ts).filter((start) => start + rule.sizeMs > watermark)
      if (open.length === 0) return 'late'
      if (memory.cameBefore(reading)) return 'duplicate'
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

/** All readings of a run; the windows of it are slices. */
function naiveCounted(rule: CountRule, describe: Describe): NaiveAsset {
  const memory = makeMemory()
  const closed: NaiveWindow[] = []
  let run: GivenReading[] = []
  let newest = Number.NEGATIVE_INFINITY

  const window = (readings: readonly GivenReading[], reason: ClosedBy) => {
    const times = readings.map(({ ts }) => ts)
    // Slopes do not care where the time begins; the core begins with the first reading that came.
    return describe(Math.min(...times), Math.max(...times), readings, reason)
  }
  const end = (reason: ClosedBy) => {
    if (run.length > 0 && run.length < rule.count) closed.push(window(run, reason))
    run = []
  }

  return {
    closed,
    take(reading) {
      if (reading.ts < newest - rule.latenessMs) return 'late'
      if (memory.cameBefore(reading)) return 'duplicate'
      if (reading.ts - newest > rule.idleMs) end('idle')
      newest = Math.max(newest, reading.ts)
      run.push(reading)
      const from = run.length - rule.count
      if (from >= 0 && from % rule.hop === 0) closed.push(window(run.slice(from), 'watermark'))
      return 'windowed'
    },
    closeIdle: end,
    watermark: () => newest - rule.latenessMs,
    open() {
      const starts = Array.from({ length: Math.ceil(run.length / rule.hop) }, (_, i) => i * rule.hop)
      return starts.filter((start) => start + rule.count > run.length).length
    },
  }
}

/** Open sessions are worked out anew from all readings that no closed one holds. */
function naiveSessions(rule: SessionRule, openLimit: number, describe: Describe): NaiveAsset {
  const memory = makeMemory()
  const closed: NaiveWindow[] = []
  let open: GivenReading[] = []
  let newest = Number.NEGATIVE_INFINITY
  let watermark = Number.NEGATIVE_INFINITY

  const cellOf = (ts: number) => Math.floor(ts / rule.maxMs)
  const sessions = () => {
    const groups: GivenReading[][] = []
    for (const reading of open.toSorted((a, b) => a.ts - b.ts)) {
      const last = groups.at(-1)?.at(-1)
      const joins = last && reading.ts - last.ts < rule.gapMs && cellOf(last.ts) === cellOf(reading.ts)
      if (joins) groups.at(-1)!.push(reading)
      else groups.push([reading])
    }
    return groups.map((readings) => {
      const last = readings.at(-1)!.ts
      const end = Math.min(last + rule.gapMs, (cellOf(last) + 1) * rule.maxMs)
      return { start: readings[0]!.ts, end, readings }
    })
  }
  const closeTo = (to: number, reason: ClosedBy) => {
    watermark = Math.max(watermark, to)
    for (const { start, end, readings } of sessions()) {
      if (end > watermark) continue
      closed.push(describe(start, end, readings, reason))
      open = open.filter((reading) => !readings.includes(reading))
    }
  }

  return {
    closed,
    take(reading) {
      const within = sessions().some(({ start, end }) => reading.ts >= start && reading.ts < end)
      if (reading.ts < watermark && !within) return 'late'
      if (memory.cameBefore(reading)) return 'duplicate'
      // The same object may come twice where it has no time of its own.
      open.push({ ...reading })
      newest = Math.max(newest, reading.ts)
      closeTo(newest - rule.latenessMs, 'watermark')
      while (sessions().length > openLimit) closeTo(sessions()[0]!.end, 'watermark')
      return 'windowed'
    },
    closeIdle(reason) {
      const last = sessions().at(-1)
      if (last) closeTo(last.end, reason)
    },
    watermark: () => watermark,
    open: () => sessions().length,
  }
}

function describeWindow(
  start: number,
  end: number,
  readings: readonly GivenReading[],
  closed: ClosedBy,
  plausible: Plausible,
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
