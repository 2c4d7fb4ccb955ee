/**
 * A day of a plant as its gateways deliver it, with the truth beside it: readings late, twice and broken, clocks that are
 * wrong, machines that fall silent, machines that fail. The truth is worked out from how the day was made, never from
 * what the program does with it.
 */
import { createRandom, type Random } from '../../simulators/random.ts'

export const MINUTE_MS = 60_000
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
}

export interface Payload {
  readonly asset: string
  readonly text: string
}

export interface Moment {
  /** Wall time, epoch ms, a minute after the one before. */
  readonly nowMs: number
  readonly payloads: readonly Payload[]
}

/** How often what must have happened. */
export interface Truth {
  received: number
  malformed: number
  windowed: number
  late: number
  duplicate: number
  future: number
  /** Assets that fail, and when they begin and end to run hot. */
  readonly hot: Map<string, { readonly fromMs: number; readonly toMs: number }>
  /** Assets that fall silent, and when. */
  readonly silent: Map<string, number>
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
  const truth: Truth = {
    received: 0,
    malformed: 0,
    windowed: 0,
    late: 0,
    duplicate: 0,
    future: 0,
    hot: new Map(),
    silent: new Map(),
  }
  const names = Array.from({ length: options.assets }, (_, i) => `pump-${i}`)
  chooseFates(names.slice(options.badClocks ? 2 : 0), options, truth)
  const due: Payload[][] = Array.from({ length: minutes + DELAY_MINUTES + 1 }, () => [])
  for (let minute = 0; minute < minutes; minute++) {
    for (const asset of names) send({ asset, minute, minutes, due, random, options, truth })
  }
  const moments = due.slice(0, minutes).map((payloads, minute) => ({
    nowMs: START_MS + minute * MINUTE_MS,
    payloads,
  }))
  truth.received = moments.reduce((sum, { payloads }) => sum + payloads.length, 0)
  return { startMs: START_MS, moments, truth }
}

function chooseFates(names: readonly string[], { silent, failing, hours }: DayOptions, truth: Truth): void {
  for (const [i, asset] of names.slice(0, silent).entries()) {
    truth.silent.set(asset, START_MS + Math.round(((i + 1) / (silent + 1)) * hours * 60) * MINUTE_MS)
  }
  for (const [i, asset] of names.slice(silent, silent + failing).entries()) {
    const fromMs = START_MS + QUIET_HOURS * HOUR_MS + i * 7 * MINUTE_MS
    truth.hot.set(asset, { fromMs, toMs: fromMs + HOUR_MS })
  }
}

interface Sending {
  readonly asset: string
  readonly minute: number
  readonly minutes: number
  readonly due: Payload[][]
  readonly random: Random
  readonly options: DayOptions
  readonly truth: Truth
}

function send(sending: Sending): void {
  const { asset, minute, minutes, due, random, options, truth } = sending
  const nowMs = START_MS + minute * MINUTE_MS
  if (nowMs >= (truth.silent.get(asset) ?? Number.POSITIVE_INFINITY)) return
  const hot = truth.hot.get(asset)
  const isHot = hot !== undefined && nowMs >= hot.fromMs && nowMs < hot.toMs
  const temperature = 60 + random.between(-1, 1) + (isHot ? 40 : 0)
  const values = { temperature, pressure: 4 + random.between(-0.1, 0.1) }
  if (options.badClocks && (asset === AHEAD || asset === SET_BACK)) {
    due[minute]!.push(badlyTimed(asset, minute, minutes, values, truth))
    return
  }
  const payload = { asset, text: JSON.stringify({ asset, ts: nowMs, values }) }
  const chance = random.uniform()
  const isSteady = hot === undefined && !truth.silent.has(asset)
  if (chance < options.malformed) {
    truth.malformed++
    due[minute]!.push({ asset, text: payload.text.slice(0, -2) })
  } else if (chance < options.malformed + options.late && isSteady && minute > 0) {
    due[minute + DELAY_MINUTES]!.push(payload)
    if (minute + DELAY_MINUTES < minutes) truth.late++
  } else {
    due[minute]!.push(payload)
    truth.windowed++
    if (chance < options.malformed + options.late + options.duplicate && minute + 1 < minutes) {
      due[minute + 1]!.push(payload)
      truth.duplicate++
    }
  }
}

function badlyTimed(asset: string, minute: number, minutes: number, values: object, truth: Truth): Payload {
  const nowMs = START_MS + minute * MINUTE_MS
  const setBackAt = Math.floor(minutes / 2)
  const ts = asset === AHEAD ? nowMs + HOUR_MS : minute < setBackAt ? nowMs : nowMs - HOUR_MS
  if (asset === AHEAD) truth.future++
  else if (minute >= setBackAt && isClosed(ts, START_MS + (setBackAt - 1) * MINUTE_MS)) truth.late++
  else truth.windowed++
  return { asset, text: JSON.stringify({ asset, ts, values }) }
}

/** The window of `ts` ends at or before the watermark that `newest` made. */
function isClosed(ts: number, newest: number): boolean {
  const end = Math.floor(ts / (5 * MINUTE_MS)) * 5 * MINUTE_MS + 5 * MINUTE_MS
  return end <= newest - MINUTE_MS
}
