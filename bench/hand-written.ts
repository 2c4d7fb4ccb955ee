/**
 * The stated baseline of `npm run bench`: the job as one would write it by hand in an afternoon. `JSON.parse`, a Map of
 * windows that keep their values, statistics in two passes when a window is over, and a JSON text for each. It keeps
 * nothing on disk, takes no lateness from a watermark of its own, knows no duplicates, no silence, no alerts, and loses
 * everything when it ends: it is the least that the work on the bytes can cost, not a competitor.
 */
import { LATENESS_MS, WINDOW_MS } from './plant.ts'

interface Message {
  readonly asset: string
  readonly ts: number
  readonly values: Readonly<Record<string, number | null>>
}

interface Open {
  readonly asset: string
  readonly start: number
  count: number
  readonly times: number[]
  readonly values: Map<string, number[]>
}

export interface HandWritten {
  take(bytes: Uint8Array): void
  /** Windows closed so far, and letters written of them. */
  done(): { readonly windows: number; readonly letters: number }
}

export function handWritten(): HandWritten {
  const decoder = new TextDecoder()
  const open = new Map<string, Open[]>()
  let windows = 0
  let letters = 0

  function close(window: Open): void {
    const statistics = Object.fromEntries(
      [...window.values].map(([name, values]) => [name, statisticsOf(values, window.times)]),
    )
    const { asset, start, count } = window
    letters += JSON.stringify({
      asset,
      windowStart: start,
      windowEnd: start + WINDOW_MS,
      count,
      statistics,
    }).length
    windows++
  }

  const begin = (asset: string, start: number): Open => ({
    asset,
    start,
    count: 0,
    times: [],
    values: new Map(),
  })

  return {
    take(bytes) {
      const { asset, ts, values } = JSON.parse(decoder.decode(bytes)) as Message
      const list = open.get(asset) ?? []
      if (list.length === 0) open.set(asset, list)
      const start = Math.floor(ts / WINDOW_MS) * WINDOW_MS
      const window = list.find((one) => one.start === start) ?? begin(asset, start)
      if (window.count === 0) list.push(window)
      window.count++
      window.times.push((ts - start) / 1000)
      for (const [name, value] of Object.entries(values)) {
        if (value === null) continue
        const known = window.values.get(name)
        if (known) known.push(value)
        else window.values.set(name, [value])
      }
      while (list[0] && list[0].start + WINDOW_MS <= ts - LATENESS_MS) close(list.shift()!)
    },
    done: () => ({ windows, letters }),
  }
}

function statisticsOf(values: readonly number[], times: readonly number[]): number[] {
  const n = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  const meanTime = times.reduce((sum, time) => sum + time, 0) / n
  let [m2, m3, m4, xt, tt] = [0, 0, 0, 0, 0]
  let [min, max, square] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
  values.forEach((value, i) => {
    const d = value - mean
    const later = times[i]! - meanTime
    m2 += d * d
    m3 += d * d * d
    m4 += d * d * d * d
    xt += d * later
    tt += later * later
    min = Math.min(min, value)
    max = Math.max(max, value)
    square += value * value
  })
  const skewness = m2 > 0 ? (Math.sqrt(n) * m3) / m2 ** 1.5 : 0
  const kurtosis = m2 > 0 ? (n * m4) / (m2 * m2) - 3 : 0
  return [mean, Math.sqrt(m2 / n), min, max, Math.sqrt(square / n), skewness, kurtosis, tt > 0 ? xt / tt : 0]
}
