/**
 * Which assets have a clock that is wrong, by what stands on the topics: dead letters that are ahead, late or in another
 * unit, and scores of which the reading came in at quite another time. Part of the board.
 *
 * Late readings alone are no news of a clock: gateways hold some back. A clock that was set back sends nothing but late
 * readings, each as far behind as the one before; a backlog gets nearer to now by more than the time that passes.
 */
import Type, { type Static } from 'typebox'
import { CLOCK_OFF_FROM_MS, readClockOff, readNewest } from '../core/clock-off.ts'
import { REPLAYED_FROM } from '../core/dead-letter-view.ts'
import type { LogRecord } from '../core/ports.ts'
import { ASSET_ID } from '../core/records.ts'
import { hintedUnit } from '../core/time-unit.ts'

const CLOCK_STATES = ['ahead', 'behind', 'catching-up', 'unit'] as const

export const AssetClock = Type.Object(
  {
    state: Type.Enum([...CLOCK_STATES], {
      description:
        'ahead: it writes times to come; behind: steadily times of the past; catching-up: a backlog that gets nearer to now; unit: its times are not in milliseconds',
    }),
    byMs: Type.Union([Type.Integer(), Type.Null()], { description: 'How far off its last reading was' }),
    unit: Type.Union([Type.String(), Type.Null()], {
      description: 'Of state unit: the unit that its times seem to be in, such as seconds',
    }),
    since: Type.Integer({ description: 'When the log took the first such reading that is known' }),
    last: Type.Integer({ description: 'When it took the last one' }),
    refused: Type.Integer({ description: 'Its readings that became dead letters for it' }),
  },
  { $id: 'AssetClock' },
)
export type AssetClock = Static<typeof AssetClock>

export interface ClockBook {
  /** A score of a window that its watermark closed. */
  score(asset: string, record: LogRecord): void
  /** @returns the asset, when this dead letter tells that its clock is wrong */
  letter(record: LogRecord): string | null
  /** Null: nothing wrong is known. */
  of(asset: string): AssetClock | null
}

/** Readings in a row that are off in one direction, or in one unit. Times of the log in epoch ms. */
interface Run {
  readonly sinceMs: number
  readonly firstOffMs: number
  readonly unit: string | null
  lastMs: number
  offMs: number
  count: number
  refused: number
  /** Of the last late one: the newest event time of the asset. */
  newest: number | null
}

/** What one record says. */
interface Sign {
  readonly atMs: number
  readonly offMs: number
  readonly unit: string | null
  readonly refused: boolean
  readonly newest: number | null
}

/** A run is behind only when it has lasted so long and has so many readings: before, it may be a few that were held back. */
const BEHIND_AFTER_MS = 10_000
const BEHIND_READINGS = 3
/** A backlog gets nearer by more than this. */
const STEADY_MS = 30_000

/**
 * @param most assets that are remembered
 * @param refused called for each sign of one more
 */
export function makeClockBook(most: number, refused: () => void): ClockBook {
  const runs = new Map<string, Run>()

  function note(asset: string, sign: Sign): void {
    const run = runs.get(asset)
    if (run === undefined && runs.size >= most) refused()
    else if (run === undefined || !goesOn(run, sign)) runs.set(asset, begin(sign))
    else goOn(run, sign)
  }

  function clockOf(asset: string): AssetClock | null {
    const run = runs.get(asset)
    const state = run === undefined ? null : stateOf(run)
    if (run === undefined || state === null) return null
    const byMs = run.unit === null ? Math.abs(run.offMs) : null
    return { state, byMs, unit: run.unit, since: run.sinceMs, last: run.lastMs, refused: run.refused }
  }

  return {
    score(asset, { headers, timestamp }) {
      const offMs = readClockOff(headers)
      if (offMs !== null) note(asset, { atMs: timestamp, offMs, unit: null, refused: false, newest: null })
      else if (timestamp > (runs.get(asset)?.lastMs ?? Number.POSITIVE_INFINITY)) runs.delete(asset)
    },
    letter(record) {
      const sign = record.headers[REPLAYED_FROM] === undefined ? signOf(record) : null
      const asset = record.key
      if (sign === null || asset === null || !ASSET_ID.test(asset)) return null
      note(asset, sign)
      return clockOf(asset) === null ? null : asset
    },
    of: clockOf,
  }
}

function signOf({ headers, timestamp }: LogRecord): Sign | null {
  const unit = headers.reason === 'schema' ? hintedUnit(headers.detail ?? '') : null
  if (unit !== null) return { atMs: timestamp, offMs: 0, unit, refused: true, newest: null }
  const offMs = readClockOff(headers)
  if (offMs === null) return null
  const isOff = headers.reason === 'future' || (headers.reason === 'late' && offMs <= -CLOCK_OFF_FROM_MS)
  return isOff ? { atMs: timestamp, offMs, unit: null, refused: true, newest: readNewest(headers) } : null
}

/** Where the asset's newest time has moved on between two late readings it sends others that are not late. */
function goesOn(run: Run, { offMs, unit, newest }: Sign): boolean {
  if (unit !== run.unit || Math.sign(offMs) !== Math.sign(run.offMs)) return false
  return offMs >= 0 || newest === null || run.newest === null || newest === run.newest
}

function begin({ atMs, offMs, unit, refused, newest }: Sign): Run {
  return {
    sinceMs: atMs,
    lastMs: atMs,
    firstOffMs: offMs,
    offMs,
    unit,
    count: 1,
    refused: refused ? 1 : 0,
    newest,
  }
}

function goOn(run: Run, { atMs, offMs, refused, newest }: Sign): void {
  run.lastMs = Math.max(run.lastMs, atMs)
  run.offMs = offMs
  run.count++
  if (refused) run.refused++
  run.newest = newest ?? run.newest
}

function stateOf({ unit, offMs, firstOffMs, sinceMs, lastMs, count }: Run): AssetClock['state'] | null {
  if (unit !== null) return 'unit'
  if (offMs > 0) return 'ahead'
  const passedMs = lastMs - sinceMs
  if (Math.abs(offMs - firstOffMs) > Math.max(STEADY_MS, passedMs / 2)) return 'catching-up'
  return passedMs >= BEHIND_AFTER_MS && count >= BEHIND_READINGS ? 'behind' : null
}
