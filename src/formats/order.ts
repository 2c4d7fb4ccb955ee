/**
 * The order in which a recording of several assets is played back, by `simulate --replay` and `score` alike.
 * Assets interleave in time; each keeps its own order, because a time that goes back within an asset is real.
 */
import { failure } from '../core/errors.ts'

/** Readings that are held to be put in order. */
export const RECORDING_READINGS = 10_000_000

interface Timed {
  readonly asset: string
  /** Epoch ms. */
  readonly ts: number
}

/**
 * Stable order by the greatest time that an asset has shown so far.
 * @param late readings that came too late, each put where its own time belongs
 * @throws Failure `input` when there are too many
 */
export async function inTimeOrder<Reading extends Timed>(
  readings: Iterable<Reading> | AsyncIterable<Reading>,
  late: Iterable<Reading> | AsyncIterable<Reading> = [],
): Promise<Reading[]> {
  const all: Reading[] = []
  const shown: number[] = []
  const latest = new Map<string, number>()
  let previous = Number.NEGATIVE_INFINITY
  let ordered = true
  const put = (reading: Reading, ts: number) => {
    if (all.length >= RECORDING_READINGS) {
      throw failure('input', `more than ${RECORDING_READINGS} readings at once; take fewer files`)
    }
    all.push(reading)
    shown.push(ts)
    ordered &&= ts >= previous
    previous = ts
  }
  for await (const reading of readings) {
    const ts = Math.max(reading.ts, latest.get(reading.asset) ?? reading.ts)
    latest.set(reading.asset, ts)
    put(reading, ts)
  }
  for await (const reading of late) put(reading, reading.ts)
  if (ordered) return all
  const places = Uint32Array.from(all.keys())
  places.sort((one, other) => shown[one]! - shown[other]! || one - other)
  return Array.from(places, (place) => all[place]!)
}
