/** The tables of a report's page: the pipeline and its baselines in rows, figures with their intervals in columns. */
import type { Interval } from './bootstrap.ts'
import type { Spread } from './event-level.ts'
import type { Verdict } from './report.ts'
import { escaped } from './report-chart.ts'
import { durationText, figureText, shareText } from './report-text.ts'

/** Text of a cell; already escaped. */
type Cell = string

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const heads = head.map((text) => `<th scope="col">${text}</th>`).join('')
  const body = rows.map(
    ([first, ...rest]) =>
      `<tr><th scope="row">${first}</th>${rest.map((cell) => `<td>${cell}</td>`).join('')}</tr>`,
  )
  return `<div class="scroll" tabindex="0"><table><thead><tr>${heads}</tr></thead><tbody>${body.join('')}</tbody></table></div>`
}

function named({ name, text }: Verdict): Cell {
  return `${escaped(name)}<small>${escaped(text)}</small>`
}

type Text = (value: number | null | undefined) => string

function withInterval(
  value: number | null | undefined,
  range: Interval | undefined,
  text: Text = figureText,
): Cell {
  const small = range ? `<small>${text(range[0])}–${text(range[1])}</small>` : ''
  return `${text(value)}${small}`
}

const WINDOW_COLUMNS = {
  rocAuc: 'ROC-AUC',
  prAuc: 'PR-AUC',
  f1: 'F1',
  precision: 'precision',
  recall: 'recall',
  accuracy: 'accuracy',
  balancedAccuracy: 'balanced accuracy',
  falseAlarmRate: 'false alarm rate',
} as const

const PROBABILITY_COLUMNS = [
  '',
  'Brier',
  'of always saying the share',
  'log loss',
  'expected calibration error',
  'PR-AUC from onset',
]

export function windowTable(verdicts: readonly Verdict[]): string {
  const names = Object.keys(WINDOW_COLUMNS) as (keyof typeof WINDOW_COLUMNS)[]
  const rows = verdicts.map((verdict) => {
    const { windows } = verdict
    if (!windows) return [named(verdict), 'no window to judge by']
    return [named(verdict), ...names.map((name) => withInterval(windows[name], windows.intervals?.[name]))]
  })
  return table(['', ...Object.values(WINDOW_COLUMNS)], rows)
}

/** How far scores are from probabilities; and the stricter ranking, with early windows as positive too. */
export function probabilityTable(verdicts: readonly Verdict[]): string {
  const four: Text = (value) => figureText(value, 4)
  const rows = verdicts.flatMap(({ name, windows }) => {
    if (!windows) return []
    const { calibration, intervals } = windows
    return [
      [
        escaped(name),
        calibration ? withInterval(calibration.brier, intervals?.brier, four) : '–',
        four(calibration?.brierOfPrevalence),
        four(calibration?.logLoss),
        four(calibration?.expectedCalibrationError),
        figureText(windows.prAucFromOnset),
      ],
    ]
  })
  return table(PROBABILITY_COLUMNS, rows)
}

export function confusionTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.flatMap((verdict) => {
    const { windows } = verdict
    if (!windows) return []
    const { truePositive, falsePositive, falseNegative, trueNegative } = windows.confusion
    const counts = [truePositive, falseNegative, falsePositive, trueNegative]
    const limit = Number(windows.threshold.toPrecision(5))
    return [[escaped(verdict.name), String(limit), ...counts.map((count) => count.toLocaleString('en'))]]
  })
  const head = [
    'confusion',
    'limit',
    'positive, found',
    'positive, missed',
    'negative, taken for positive',
    'negative, left alone',
  ]
  return table(head, rows)
}

export function alertTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map((verdict) => {
    const { events } = verdict
    const { intervals, warned, failures } = events
    const range = (name: string) => intervals?.[name]
    return [
      named(verdict),
      `${warned} of ${failures}`,
      withInterval(events.warnedShare, range('warnedShare'), shareText),
      leadText(events.leadMs),
      events.delayMs ? durationText(events.delayMs.median) : '–',
      `${events.falseAlerts} of ${events.alerts}`,
      withInterval(events.falseAlertsPer100MachineDays, range('falseAlertsPer100MachineDays'), (value) =>
        figureText(value, 2),
      ),
      withInterval(events.falseAlertsPerMachineMonth, range('falseAlertsPerMachineMonth'), (value) =>
        figureText(value, 2),
      ),
    ]
  })
  const head = [
    '',
    'failures warned of',
    'share',
    'warning before the failure: median (quartiles)',
    'after onset, median',
    'false alerts',
    'in 100 machine-days',
    'in a machine-month',
  ]
  return table(head, rows)
}

function leadText(spread: Spread | null): Cell {
  if (!spread) return '–'
  const { lowerQuartile, median, upperQuartile } = spread
  return `${durationText(median)}<small>${durationText(lowerQuartile)} – ${durationText(upperQuartile)}</small>`
}

/** By kind of failure: which ones are told, and how early. */
export function failureTable({ name, events }: Verdict): string {
  const kinds = [...new Set(events.warnings.map(({ kind }) => kind))].sort()
  if (kinds.length === 0) return ''
  const rows = kinds.map((kind) => {
    const own = events.warnings.filter((warning) => warning.kind === kind)
    const shares = own
      .flatMap(({ onsetMs, failureMs, warnedMs }) =>
        warnedMs === null ? [] : [(warnedMs - onsetMs) / Math.max(1, failureMs - onsetMs)],
      )
      .sort((a, b) => a - b)
    const middle = shares[shares.length >> 1]
    return [
      escaped(kind),
      `${shares.length} of ${own.length}`,
      middle === undefined ? '–' : shareText(middle),
    ]
  })
  return table(
    ['kind of failure', `warned of by the ${escaped(name)}`, 'of the way from onset to failure'],
    rows,
  )
}
