/** The plots of a report: which figures go on which axes. `report-chart.ts` draws them, `report-page.ts` places them. */
import type { Warned } from './event-level.ts'
import type { NetHistory } from './history.ts'
import type { Point, Report, Verdict } from './report.ts'
import { chart, type Mark, namedBars } from './report-chart.ts'
import { type Unit, unitFor } from './report-text.ts'

const SHARES = { from: 0, to: 1, kind: 'share' } as const
const EVEN: Mark = { line: [[0, 0], [1, 1]], mark: 'even' } // biome-ignore format: two corners

export function rocPlot(verdicts: readonly Verdict[]): string {
  const marks = verdicts.flatMap(({ curves }, i): Mark[] =>
    curves ? [{ line: curves.roc, mark: `series-${i}` }] : [],
  )
  return chart({
    id: 'roc',
    title: 'ROC curve',
    description: `Recall over false alarm rate. ${areas(verdicts, 'rocAuc')}`,
    x: { ...SHARES, label: 'false alarm rate' },
    y: { ...SHARES, label: 'recall' },
    marks: [EVEN, ...marks],
  })
}

export function precisionPlot(verdicts: readonly Verdict[]): string {
  const own = verdicts[0]?.windows
  const prevalence = own ? own.positive / own.windows : 0
  const marks = verdicts.flatMap(({ curves }, i): Mark[] =>
    curves ? [{ line: backward(curves.pr), mark: `series-${i}`, steps: true }] : [],
  )
  return chart({
    id: 'pr',
    title: 'Precision over recall',
    description: `Average precision: ${areas(verdicts, 'prAuc')}`,
    x: { ...SHARES, label: 'recall' },
    y: { ...SHARES, label: 'precision' },
    marks: [
      {
        line: [
          [0, prevalence],
          [1, prevalence],
        ],
        mark: 'even',
      },
      ...marks,
    ],
  })
}

/** Average precision takes each point's precision for the recall up to it: steps that fall at their left end. */
function backward(points: readonly Point[]): Point[] {
  return points.slice(1).flatMap(([recall, precision], i): Point[] => [
    [points[i]![0], precision],
    [recall, precision],
  ])
}

function areas(verdicts: readonly Verdict[], area: 'rocAuc' | 'prAuc'): string {
  const parts = verdicts.flatMap(({ name, windows }) =>
    windows?.[area] == null ? [] : [`${name} ${windows[area].toFixed(3)}`],
  )
  return `${parts.join(', ')}.`
}

/** Of those whose scores are probabilities. */
export function reliabilityPlot(verdicts: readonly Verdict[]): string | null {
  const calibrated = verdicts.flatMap(({ name, windows }, i) =>
    windows?.calibration ? [{ name, mark: `series-${i}`, ...windows.calibration }] : [],
  )
  if (calibrated.length === 0) return null
  const marks = calibrated.flatMap(({ bins, mark }): Mark[] => {
    const points = bins.map(({ predicted, observed }): Point => [predicted, observed])
    const titles = bins.map(
      ({ count, predicted, observed }) =>
        `${count} windows: score ${predicted.toFixed(3)}, ${(observed * 100).toFixed(1)} % positive`,
    )
    return [
      { line: points, mark },
      { dots: points, mark, titles },
    ]
  })
  const errors = calibrated.map(
    ({ name, expectedCalibrationError }) => `${name} ${expectedCalibrationError.toFixed(3)}`,
  )
  return chart({
    id: 'reliability',
    title: 'Reliability diagram',
    description: `Share of positives over mean score, in ten bins. Expected calibration error: ${errors.join(', ')}.`,
    x: { ...SHARES, label: 'mean score of the windows' },
    y: { ...SHARES, label: 'share that was positive' },
    marks: [EVEN, ...marks],
  })
}

/** How many windows lie in each bin, on a scale of powers of ten, for nearly all have scores near 0. */
export function scoresPlot({ windows }: Verdict): string | null {
  const bins = windows?.calibration?.bins
  if (!bins) return null
  const bars = bins.map(({ from, to, count }) => ({
    from: from + 0.005,
    to: to - 0.005,
    height: Math.log10(count + 1),
    title: `${count} windows`,
  }))
  return chart({
    id: 'scores',
    title: 'Windows by score',
    description: bins
      .map(({ from, to, count }) => `${from.toFixed(1)} to ${to.toFixed(1)}: ${count}`)
      .join(', '),
    x: { ...SHARES, kind: 'number', label: 'score' },
    y: {
      label: 'windows, as a power of ten',
      from: 0,
      to: Math.max(1, ...bars.map(({ height }) => height)) * 1.05,
    },
    marks: [{ bars, mark: 'series-0' }],
  })
}

/** Share of all failures that were warned of at least that long before. */
export function leadPlot(verdicts: readonly Verdict[]): string | null {
  const longest = Math.max(0, ...verdicts.flatMap(({ events }) => events.leadMs?.most ?? []))
  if (longest === 0) return null
  const unit = unitFor(longest)
  const marks = verdicts.map(
    ({ events }, i): Mark => ({ line: leadCurve(events.warnings, unit), mark: `series-${i}` }),
  )
  const medians = verdicts.flatMap(({ name, events }) =>
    events.leadMs ? [`${name} ${(events.leadMs.median / unit.ms).toFixed(1)}`] : [],
  )
  return chart({
    id: 'lead',
    title: 'Warning time',
    description: `Share of failures warned of, over the least time before the failure. Median in ${unit.name}: ${medians.join(', ')}.`,
    x: { label: `${unit.name} before the failure, at least`, from: 0, to: longest / unit.ms },
    y: { ...SHARES, label: 'failures warned of' },
    marks,
  })
}

function leadCurve(warnings: readonly Warned[], unit: Unit): Point[] {
  const leads = warnings
    .flatMap(({ failureMs, warnedMs }) => (warnedMs === null ? [] : [(failureMs - warnedMs) / unit.ms]))
    .sort((a, b) => a - b)
  const share = (count: number) => count / warnings.length
  const steps = leads.flatMap((lead, i): Point[] => [
    [lead, share(leads.length - i)],
    [lead, share(leads.length - i - 1)],
  ])
  return [[0, share(leads.length)], ...steps]
}

/** All nets over each other; a dot on the epoch that was kept. */
export function learningPlot(history: readonly NetHistory[]): string {
  const marks = history.flatMap(({ kept, loss, heldOutLoss }): Mark[] => {
    const [taught, heldOut] = [lossPoints(loss), lossPoints(heldOutLoss)]
    const dots = heldOut.filter(([epoch]) => epoch === kept)
    return [
      { line: taught, mark: 'series-0' },
      { line: heldOut, mark: 'series-1' },
      { dots, mark: 'series-1', titles: dots.map(([, loss]) => `epoch ${kept} was kept, loss ${loss}`) },
    ]
  })
  const losses = history.flatMap(({ loss, heldOutLoss }) => [...loss, ...heldOutLoss])
  const nets = history.map(
    ({ kept, loss, heldOutLoss }) =>
      `epoch ${kept} of ${loss.length} was kept, loss ${loss[kept - 1]} and ${heldOutLoss[kept - 1]}`,
  )
  return chart({
    id: 'learning',
    title: 'Learning curve',
    description: `Loss after each epoch, on rows that teach and on those by which the fit stopped: ${nets.join('; ')}.`,
    x: { label: 'epoch', from: 1, to: Math.max(2, ...history.map(({ loss }) => loss.length)) },
    y: { label: 'loss', from: 0, to: Math.max(...losses.map((loss) => loss ?? 0)) * 1.05 },
    marks,
  })
}

function lossPoints(losses: readonly (number | null)[]): Point[] {
  return losses.flatMap((loss, i): Point[] => (loss === null ? [] : [[i + 1, loss]]))
}

/** Most features that are drawn; the JSON has all. */
export const FEATURES_SHOWN = 15

export function importancePlots({ importance }: Report): readonly string[] {
  if (!importance) return []
  const bars = (falls: readonly { name: string; fall: number; spread: number }[]) =>
    falls.slice(0, FEATURES_SHOWN).map(({ name, fall, spread }) => ({ name, value: fall, spread }))
  const text = (falls: readonly { name: string; fall: number }[]) =>
    falls
      .slice(0, 5)
      .map(({ name, fall }) => `${name} ${fall.toFixed(3)}`)
      .join(', ')
  const label = 'fall of average precision'
  return [
    namedBars(
      'channels',
      'Importance of channels',
      text(importance.channels),
      label,
      bars(importance.channels),
    ),
    namedBars(
      'features',
      'Importance of features',
      text(importance.features),
      label,
      bars(importance.features),
    ),
  ]
}
