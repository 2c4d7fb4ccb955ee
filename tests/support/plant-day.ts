/**
 * A day of a plant as its gateways deliver it, with the truth beside it: readings late, twice and broken, clocks that are
 * wrong, machines that fall silent, machines that fail. The truth is worked out from how the day was made, never from
 * what the program does with it.
 */
import { createRandom, type Random } from '../../simulators/random.ts'

export const MINUTE_MS = 60_000
/** Between ticks of a partition. */
export const TICK_MS = 10_000
const HOUR_MS = 60 * MINUTE_MS

export interface DayOptions {
  readonly seed: number
  readonly assets: number
  readonly hours: number
  /** Shares of the readings. */
  readonly late: number
  readonly duplicate: number
  readonly malformed: number
  readonly silent: number
  /** Machines that run hot for a while. */
  readonly failing: number
  /** One clock an hour ahead all day, one that is set back an hour at half time. */
  readonly badClocks: boolean
  /** Nothing of any machine comes in; longer than a late reading is held back. Left out: all day something does. */
  readonly outage?: { readonly atHours: number; readonly minutes: number }
}

type Fate = 'malformed' | 'windowed' | 'late' | 'duplicate' | 'future'

export interface Payload {
  readonly asset: string
  readonly text: string
  /** As it is written in the text. */
  readonly ts: number
  /** What must become of it. */
  readonly fate: Fate
}

export interface Moment {
  /** Wall time, epoch ms, a minute after the one before. */
  readonly nowMs: number
  readonly payloads: readonly Payload[]
}

/** Epoch ms; `toMs` is infinite where it never ends. */
interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** How often what must have happened. */
export interface Truth extends Readonly<Record<Fate, number>> {
  readonly received: number
  /** Assets that fail, and when they run hot. */
  readonly hot: ReadonlyMap<string, Span>
  /** Assets that fall silent, and when. */
  readonly silent: ReadonlyMap<string, Span>
}

export interface Day {
  readonly startMs: number
  readonly moments: readonly Moment[]
  readonly truth: Truth
}

/** Multiple of every window size that tests use. */
const START_MS = Date.parse('2026-03-01T00:00:00Z')
/** Behind the watermark for sure, with windows of 5 minutes and a lateness of one. */
const DELAY_MINUTES = 12
/** Windows in which a machine's normal is learned come first. */
const QUIET_HOURS = 2.5
const AHEAD = 'pump-0'
const SET_BACK = 'pump-1'

/** One reading a minute of each asset; windows are taken to be 5 minutes with a lateness of 1 minute. */
export function makeDay(options: DayOptions): Day {
  const random = createRandom(options.seed, 'day')
  const minutes = Math.round(options.hours * 60)
  const names = Array.from({ length: options.assets }, (_, i) => `pump-${i}`)
  const fates = chooseFates(names.slice(options.badClocks ? 2 : 0), options)
  const due: Payload[][] = Array.from({ length: minutes + DELAY_MINUTES + 1 }, () => [])
  const outage = outageOf(options)
  for (let minute = 0; minute < minutes; minute++) {
    if (minute >= outage.from && minute < outage.to) continue
    for (const asset of names) send({ asset, minute, minutes, due, random, options, fates })
  }
  // What was held back until nothing comes in is lost on the way.
  for (let minute = outage.from; minute < Math.min(outage.to, minutes); minute++) due[minute] = []
  const delivered = due.slice(0, minutes)
  const moments = delivered.map((payloads, minute) => ({ nowMs: START_MS + minute * MINUTE_MS, payloads }))
  return { startMs: START_MS, moments, truth: { ...count(delivered), ...fates } }
}

/** Minutes in which nothing comes in: from, and up to but not including. */
function outageOf({ outage }: DayOptions): { readonly from: number; readonly to: number } {
  if (outage === undefined) return { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY }
  const from = Math.round(outage.atHours * 60)
  return { from, to: from + outage.minutes }
}

function count(delivered: readonly (readonly Payload[])[]): Record<Fate | 'received', number> {
  const all = delivered.flat()
  const of = (fate: Fate) => all.filter((payload) => payload.fate === fate).length
  return {
    received: all.length,
    malformed: of('malformed'),
    windowed: of('windowed'),
    late: of('late'),
    duplicate: of('duplicate'),
    future: of('future'),
  }
}

type Fates = Pick<Truth, 'hot' | 'silent'>

/** Of those that fall silent every second one speaks again, after a twelfth of the day. */
function chooseFates(names: readonly string[], { silent, failing, hours }: DayOptions): Fates {
  const isSilent = names.slice(0, silent).map((asset, i): [string, Span] => {
    const fromMs = START_MS + Math.round(((i + 1) / (silent + 1)) * hours * 60) * MINUTE_MS
    const toMs = i % 2 === 0 ? fromMs + (hours * HOUR_MS) / 12 : Number.POSITIVE_INFINITY
    return [asset, { fromMs, toMs }]
  })
  const isHot = names.slice(silent, silent + failing).map((asset, i): [string, Span] => {
    const fromMs = START_MS + QUIET_HOURS * HOUR_MS + i * 7 * MINUTE_MS
    return [asset, { fromMs, toMs: fromMs + HOUR_MS }]
  })
  return { hot: new Map(isHot), silent: new Map(isSilent) }
}

interface Sending {
  readonly asset: string
  readonly minute: number
  readonly minutes: number
  readonly due: Payload[][]
  readonly random: Random
  readonly options: DayOptions
  readonly fates: Fates
}

function send(sending: Sending): void {
  const { asset, minute, minutes, due, random, options, fates } = sending
  const nowMs = START_MS + minute * MINUTE_MS
  if (isIn(fates.silent.get(asset), nowMs)) return
  const hot = fates.hot.get(asset)
  const temperature = 60 + random.between(-1, 1) + (isIn(hot, nowMs) ? 40 : 0)
  const values = { temperature, pressure: 4 + random.between(-0.1, 0.1) }
  if (options.badClocks && (asset === AHEAD || asset === SET_BACK)) {
    due[minute]!.push(badlyTimed(asset, minute, minutes, values))
    return
  }
  const payload = { asset, ts: nowMs, text: JSON.stringify({ asset, ts: nowMs, values }) }
  const chance = random.uniform()
  const isSteady = hot === undefined && !fates.silent.has(asset)
  if (chance < options.malformed) {
    due[minute]!.push({ ...payload, text: payload.text.slice(0, -2), fate: 'malformed' })
  } else if (chance < options.malformed + options.late && isSteady && minute > 0) {
    due[minute + DELAY_MINUTES]!.push({ ...payload, fate: 'late' })
  } else {
    due[minute]!.push({ ...payload, fate: 'windowed' })
    if (chance < options.malformed + options.late + options.duplicate) {
      due[minute + 1]!.push({ ...payload, fate: 'duplicate' })
    }
  }
}

function isIn(span: Span | undefined, ms: number): boolean {
  return span !== undefined && ms >= span.fromMs && ms < span.toMs
}

function badlyTimed(asset: string, minute: number, minutes: number, values: object): Payload {
  const nowMs = START_MS + minute * MINUTE_MS
  const setBackAt = Math.floor(minutes / 2)
  const ts = asset === AHEAD ? nowMs + HOUR_MS : minute < setBackAt ? nowMs : nowMs - HOUR_MS
  const isLate = minute >= setBackAt && isClosed(ts, START_MS + (setBackAt - 1) * MINUTE_MS)
  const fate = asset === AHEAD ? 'future' : isLate ? 'late' : 'windowed'
  return { asset, ts, text: JSON.stringify({ asset, ts, values }), fate }
}

/** The window of `ts` ends at or before the watermark that `newest` made. */
function isClosed(ts: number, newest: number): boolean {
  const end = Math.floor(ts / (5 * MINUTE_MS)) * 5 * MINUTE_MS + 5 * MINUTE_MS
  return end <= newest - MINUTE_MS
}
