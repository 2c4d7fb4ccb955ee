/**
 * Which alerts `no-data` a day must have, and when to a tick: worked out from what was delivered in which minute. The
 * readings of a minute come before its ticks, so they are heard at the last tick of the minute before.
 */
import { INGEST } from '../../src/core/silence.ts'
import { type Day, MINUTE_MS, TICK_MS } from './plant-day.ts'

export interface ExpectedSilence {
  readonly asset: string
  /** Epoch ms by the log. */
  readonly raisedAt: number
  /** `null`: it is open at the end of the day. */
  readonly endedAt: number | null
  /** Time of the last reading before it; left out where none was taken. */
  readonly silentSince?: number
}

/** Heard of an asset, ms since the day began; `ts` is the newest time that it wrote until then. */
interface Heard {
  readonly atMs: number
  readonly ts: number
}

/** Minutes in which nothing comes in: from, and up to but not including; infinite where there are none. */
interface Outage {
  readonly from: number
  readonly to: number
}

/** @param afterMs as the pipeline of all assets has it in `noData` */
export function silencesOf(day: Day, afterMs: number): ExpectedSilence[] {
  const outage = outageOf(day)
  const found = ingestDown(day, outage, afterMs)
  for (const [asset, heard] of heardOf(day))
    found.push(...silencesOfAsset(asset, heard, day, outage, afterMs))
  return found.sort((a, b) => a.raisedAt - b.raisedAt || (a.asset < b.asset ? -1 : 1))
}

function outageOf({ moments }: Day): Outage {
  const from = moments.findIndex(({ payloads }) => payloads.length === 0)
  if (from < 0) return { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY }
  const minutes = moments.slice(from).findIndex(({ payloads }) => payloads.length > 0)
  return { from, to: minutes < 0 ? moments.length : from + minutes }
}

const heardAt = (minute: number) => Math.max(0, minute * MINUTE_MS - TICK_MS)

/** What is quarantined is not heard, but it makes the asset known. */
function heardOf({ moments }: Day): Map<string, Heard[]> {
  const all = new Map<string, Heard[]>()
  for (const [minute, { payloads }] of moments.entries()) {
    for (const { asset, fate, ts } of payloads) {
      if (fate === 'malformed') continue
      const heard = all.get(asset) ?? []
      all.set(asset, heard)
      const last = heard.at(-1)?.ts ?? Number.NEGATIVE_INFINITY
      if (fate !== 'future') heard.push({ atMs: heardAt(minute), ts: Math.max(last, ts) })
      else if (heard.length === 0) heard.push({ atMs: heardAt(minute), ts: last })
    }
  }
  return all
}

function silencesOfAsset(
  asset: string,
  heard: readonly Heard[],
  { startMs, moments }: Day,
  outage: Outage,
  afterMs: number,
): ExpectedSilence[] {
  const endMs = moments.length * MINUTE_MS
  // From then on nobody can tell one silence from that of all; who stays silent is silent since the others spoke.
  const heldFromMs = (outage.from - 1) * MINUTE_MS + afterMs / 2
  const heldToMs = heardAt(outage.to)
  return heard.flatMap(({ atMs, ts }, i) => {
    const next = heard[i + 1]?.atMs ?? null
    const alone = atMs + afterMs
    const raised = alone >= heldFromMs && alone <= heldToMs ? heldToMs + afterMs : alone
    if (raised > (next ?? endMs - TICK_MS)) return []
    return [
      {
        asset,
        raisedAt: startMs + raised,
        endedAt: next === null ? null : startMs + next,
        ...(Number.isFinite(ts) ? { silentSince: ts } : {}),
      },
    ]
  })
}

/** The last that anybody heard is a pulse: it comes behind the first tick of a minute in which somebody spoke. */
function ingestDown({ startMs, moments }: Day, outage: Outage, afterMs: number): ExpectedSilence[] {
  const sinceMs = (outage.from - 1) * MINUTE_MS
  const raised = sinceMs + afterMs
  if (outage.from > moments.length || raised > heardAt(outage.to)) return []
  const endedAt = outage.to < moments.length ? startMs + heardAt(outage.to) : null
  return [{ asset: INGEST, raisedAt: startMs + raised, endedAt, silentSince: startMs + sinceMs }]
}
