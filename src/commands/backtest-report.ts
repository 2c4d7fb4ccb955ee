/** What `backtest` prints: the alerts that would have been, beside those that were. */
import type { AlertChangeKind, AlertDifference, PastAlert } from '../core/alert-history.ts'

export interface BacktestResult {
  /** Epoch ms; null = no bound. */
  readonly fromMs: number | null
  readonly toMs: number | null
  /** Where reading began: all that the log holds, or the warm-up that was asked for. */
  readonly begins: 'start' | 'retained' | 'warm-up'
  readonly records: number
  readonly windows: number
  readonly pipelines: readonly {
    readonly name: string
    readonly model: string
    readonly modelVersion: string
  }[]
  readonly differences: readonly AlertDifference[]
}

const SIGNS: Readonly<Record<AlertChangeKind, string>> = {
  same: '=',
  earlier: '<',
  later: '>',
  added: '+',
  missing: '-',
}

export function backtestJson(result: BacktestResult): string {
  const { differences, ...rest } = result
  return JSON.stringify({ ...rest, counts: countsOf(differences), alerts: differences }, null, 2)
}

export function backtestText(result: BacktestResult): string {
  const { differences, windows, records, pipelines, begins } = result
  const counts = countsOf(differences)
  const would = differences.filter((one) => one.would !== null).length
  const was = differences.filter((one) => one.was !== null).length
  const lines = [
    `${records} records read, ${windows} windows scored ${rangeOf(result)}`,
    ...pipelines.map(({ name, model, modelVersion }) => `pipeline ${name}: ${model} ${modelVersion}`),
    ...differences.map(lineOf),
    `${would} alerts would have been raised, ${was} were: ` +
      `${counts.same} the same, ${counts.earlier} earlier, ${counts.later} later, ${counts.added} added, ${counts.missing} missing`,
  ]
  if (begins === 'retained') {
    lines.push(
      'The log no longer holds its beginning: what had been learned and what was open before it is not known.',
    )
  }
  return lines.join('\n')
}

function lineOf({ change, byMs, would, was }: AlertDifference): string {
  const alert = (would ?? was)!
  const by = byMs === 0 ? '' : ` by ${byMs / 1000} s`
  return (
    `${SIGNS[change]} ${`${change}${by}`.padEnd(16)} ${alert.asset}  ${alert.rule}  ${alert.severity}  ` +
    `${spanOf(alert)}${was && would && byMs > 0 ? `  (was ${spanOf(was)})` : ''}`
  )
}

function spanOf({ raisedAt, endedAt }: PastAlert): string {
  return `${timeText(raisedAt)} to ${endedAt === null ? 'the end' : timeText(endedAt)}`
}

function rangeOf({ fromMs, toMs }: BacktestResult): string {
  return `from ${fromMs === null ? 'the beginning' : timeText(fromMs)} to ${toMs === null ? 'the end' : timeText(toMs)}`
}

function timeText(ms: number): string {
  return new Date(ms).toISOString()
}

function countsOf(differences: readonly AlertDifference[]): Record<AlertChangeKind, number> {
  const counts = { same: 0, earlier: 0, later: 0, added: 0, missing: 0 }
  for (const { change } of differences) counts[change]++
  return counts
}
