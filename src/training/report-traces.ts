/** Each asset's score over time with its alerts and its known failures: the part of a report that people look at first. */
import type { JudgedWindows, RaisedAlert } from './judged.ts'
import type { Point } from './report.ts'
import { type Bar, chart, escaped, type Mark } from './report-chart.ts'
import { timeText } from './report-text.ts'

/** What the page draws of each asset and the report does not hold. */
export interface Traces {
  readonly windows: JudgedWindows
  readonly alerts: readonly RaisedAlert[]
}

/** Most assets that are drawn: those with failures first, then those with alerts. */
export const TRACES_SHOWN = 40
/** Columns of a trace; of the windows in one, the least and the greatest score are drawn. */
const COLUMNS = 500

/**
 * @param above the pipeline's limit
 * @returns none for assets of a single window, as the rows of a table are: a point is no trace
 */
export function tracePlots({ windows, alerts }: Traces, above: number): readonly string[] {
  const rowsOf = rowsByAsset(windows)
  return shownAssets({ windows, alerts }, (asset) => (rowsOf.get(asset) ?? []).length > 1).map((asset, i) =>
    tracePlot(`trace-${i}`, asset, rowsOf.get(asset) ?? [], { windows, alerts }, above),
  )
}

/** By what there is to see, then by name. */
function shownAssets({ windows, alerts }: Traces, isTrace: (asset: string) => boolean): string[] {
  const failing = new Set(windows.spans.map(({ label }) => label.asset))
  const alerted = new Set(alerts.map(({ asset }) => asset))
  const weight = (asset: string) => (failing.has(asset) ? 2 : 0) + (alerted.has(asset) ? 1 : 0)
  return windows.assets
    .filter(isTrace)
    .sort((a, b) => weight(b) - weight(a) || (a < b ? -1 : 1))
    .slice(0, TRACES_SHOWN)
}

function rowsByAsset({ rows, asset, assets }: JudgedWindows): Map<string, number[]> {
  const found = new Map<string, number[]>(assets.map((name) => [name, []]))
  for (let row = 0; row < rows; row++) found.get(assets[asset[row]!]!)!.push(row)
  return found
}

function tracePlot(
  id: string,
  asset: string,
  rows: readonly number[],
  { windows, alerts }: Traces,
  above: number,
): string {
  const from = windows.startMs[rows[0]!]!
  const to = windows.endMs[rows[rows.length - 1]!]!
  const faults = windows.spans
    .filter(({ label }) => label.asset === asset)
    .map(
      ({ label, beginMs, failureMs }): Bar => ({
        from: beginMs,
        to: failureMs,
        height: null,
        title: `${label.kind}: from ${timeText(beginMs)} to ${timeText(failureMs)}`,
      }),
    )
  const raised = alerts.filter((alert) => alert.asset === asset)
  const stands = raised.map(
    ({ raisedMs, clearedMs, rule }): Bar => ({
      from: raisedMs,
      to: clearedMs ?? to,
      height: 0.045,
      title: `alert ${rule}: ${timeText(raisedMs)} to ${clearedMs === null ? 'the end' : timeText(clearedMs)}`,
    }),
  )
  const marks: Mark[] = [
    { bars: faults, mark: 'fault' },
    {
      line: [
        [from, above],
        [to, above],
      ],
      mark: 'limit',
    },
    { line: tracePoints(windows, rows), mark: 'trace' },
    { bars: stands, mark: 'alert' },
  ]
  const picture = chart({
    id,
    title: `Scores of ${asset}`,
    description: `${rows.length} windows, ${faults.length} known failures, ${raised.length} alerts.`,
    width: 1060,
    height: 150,
    x: { label: '', from, to, kind: 'time' },
    y: { label: 'score', from: 0, to: 1 },
    marks,
  })
  const text = `${escaped(asset)} · ${faults.length} known failures, ${raised.length} alerts`
  return `<figure class="wide"><figcaption>${text}</figcaption>${picture}</figure>`
}

function tracePoints({ endMs, score }: JudgedWindows, rows: readonly number[]): Point[] {
  const point = (row: number): Point => [endMs[row]!, score[row]!]
  if (rows.length <= 2 * COLUMNS) return rows.map(point)
  const each = rows.length / COLUMNS
  return Array.from({ length: COLUMNS }, (_, column) => {
    const part = rows.slice(Math.floor(column * each), Math.floor((column + 1) * each))
    const least = part.reduce((a, b) => (score[b]! < score[a]! ? b : a))
    const most = part.reduce((a, b) => (score[b]! > score[a]! ? b : a))
    return [Math.min(least, most), Math.max(least, most)].map(point)
  }).flat()
}
