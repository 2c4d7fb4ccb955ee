/**
 * The count of readings in each window against the log itself, without the engine's code: an oracle of its own. A
 * window holds each reading once, however often MQTT brought it, and misses none but those that became dead
 * letters as late.
 */
import type { LogRecord } from '../core/ports.ts'
import type { Reading, Score } from '../core/records.ts'
import { type Difference, total } from './comparison.ts'
import { numberOf } from './load.ts'

export interface WindowCounts {
  /** Takes records of `readings`. */
  readings(records: readonly LogRecord[]): void
  /** Takes dead letters of the engine. */
  letters(records: readonly LogRecord[]): void
  /** @param scores records of `scores` */
  judge(scores: readonly LogRecord[]): Difference
}

/** Distinct readings of a window, and those of them of which a copy came late. */
interface Held {
  readonly numbers: Set<number>
  readonly late: Set<number>
}

const decoder = new TextDecoder()

/** @param pipeline one whose windows do not overlap @param sizeMs length of its windows */
export function createWindowCounts(pipeline: string, sizeMs: number): WindowCounts {
  /** By asset, then by start of the window. */
  const assets = new Map<string, Map<number, Held>>()
  const quarantined = new Set<number>()

  function heldBy({ asset, ts }: Reading): Held {
    const windows = assets.get(asset) ?? new Map<number, Held>()
    assets.set(asset, windows)
    const start = Math.floor(Number(ts) / sizeMs) * sizeMs
    const held = windows.get(start) ?? { numbers: new Set(), late: new Set() }
    windows.set(start, held)
    return held
  }

  function judgeAsset(asset: string, windows: ReadonlyMap<number, Held>, scores: readonly Score[]) {
    const counts = new Map(scores.map(({ windowStart, count }) => [windowStart, count]))
    const last = Math.max(...counts.keys())
    return [...windows].flatMap(([start, { numbers, late }]) => {
      const taken = [...numbers].filter((number) => !quarantined.has(number))
      const least = taken.filter((number) => !late.has(number)).length
      const count = counts.get(start) ?? 0
      // The windows behind the last score are open still.
      if (start > last || (count >= least && count <= taken.length)) return []
      return [wrongCount(`${pipeline} ${asset} ${start}`, count, least, taken.length)]
    })
  }

  return {
    readings(records) {
      for (const { value, headers } of records) {
        const text = decoder.decode(value ?? new Uint8Array(0))
        const number = headers.type === undefined ? numberOf(text) : null
        if (number !== null) heldBy(JSON.parse(text) as Reading).numbers.add(number)
      }
    },
    letters(records) {
      for (const { value, headers } of records) {
        const text = decoder.decode(value ?? new Uint8Array(0))
        const number = numberOf(text)
        if (number === null) continue
        if (headers.reason === 'late') heldBy(JSON.parse(text) as Reading).late.add(number)
        else quarantined.add(number)
      }
    },
    judge(records) {
      const scores = records
        .map(({ value }) => JSON.parse(decoder.decode(value ?? new Uint8Array(0))) as Score)
        .filter((score) => score.pipeline === pipeline)
      return total(
        [...assets].flatMap(([asset, windows]) =>
          judgeAsset(
            asset,
            windows,
            scores.filter((score) => score.asset === asset),
          ),
        ),
      )
    },
  }
}

function wrongCount(window: string, count: number, least: number, most: number): Difference {
  const wanted = least === most ? `${least}` : `${least} to ${most}`
  const findings = [`windows: ${window} counts ${count} readings, the log has ${wanted}`]
  return {
    lost: Math.max(0, least - count),
    doubled: Math.max(0, count - most),
    different: 0,
    findings,
  }
}
