/**
 * A report as one page of HTML: tables and plots for an engineer who must decide whether to trust a model. It loads
 * nothing and runs nothing, so it can be sent by mail and kept beside the model.
 */
import { shapeText } from '../core/window.ts'
import type { Interval } from './bootstrap.ts'
import type { Report, Verdict } from './report.ts'
import { escaped } from './report-chart.ts'
import {
  importancePlots,
  leadPlot,
  learningPlot,
  precisionPlot,
  reliabilityPlot,
  rocPlot,
  scoresPlot,
} from './report-plots.ts'
import { REPORT_STYLE } from './report-style.ts'
import { alertTable, confusionTable, failureTable, probabilityTable, windowTable } from './report-tables.ts'
import { durationText, figureText, shareText, timeText } from './report-text.ts'
import { type Traces, tracePlots } from './report-traces.ts'

export function reportPage(report: Report, traces: Traces): string {
  const title = `Evaluation of ${titleOf(report)}`
  const body = [
    heading(report, title),
    tiles(report),
    windowSection(report),
    alertSection(report),
    importanceSection(report),
    learningSection(report),
    traceSection(report, traces),
    madeSection(report),
  ]
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escaped(title)}</title><style>${REPORT_STYLE}</style></head>`,
    `<body><main>${body.join('\n')}</main></body></html>`,
    '',
  ].join('\n')
}

function titleOf({ model, pipeline }: Report): string {
  return model ? `${model.name} ${model.version}` : `pipeline ${pipeline.name}, which has no model`
}

function heading({ data, pipeline }: Report, title: string): string {
  const span = `${timeText(data.fromMs)} to ${timeText(data.toMs)} UTC`
  return [
    `<h1>${escaped(title)}</h1>`,
    `<p class="muted">Judged by ${escaped(data.source)}: ${data.readings.toLocaleString('en')} readings of ${data.assets} assets, ${span}.`,
    `Pipeline ${escaped(pipeline.name)}, ${shapeText(pipeline.window)}.</p>`,
  ].join(' ')
}

function tiles({ verdicts }: Report): string {
  const [{ windows, events } = verdicts[0]!] = verdicts
  const all: [string, string, string][] = [
    [
      'Failures warned of',
      `${events.warned} of ${events.failures}`,
      interval(events.intervals?.warnedShare, shareText),
    ],
    [
      'Median warning',
      events.leadMs ? durationText(events.leadMs.median) : '–',
      events.leadMs ? 'before the failure' : 'no failure was warned of',
    ],
    [
      'False alerts',
      figureText(events.falseAlertsPer100MachineDays, 1),
      `in 100 healthy machine-days, at 95 % at most ${figureText(events.falseAlertsPer100MachineDaysAtMost, 1)}; ${events.falseAlerts} in ${figureText(events.healthyMachineDays, 1)}`,
    ],
    ['PR-AUC', figureText(windows?.prAuc), interval(windows?.intervals?.prAuc, figureText)],
    ['ROC-AUC', figureText(windows?.rocAuc), interval(windows?.intervals?.rocAuc, figureText)],
    ['F1', figureText(windows?.f1), interval(windows?.intervals?.f1, figureText)],
  ]
  const shown = all.map(
    ([name, value, note]) =>
      `<div class="tile"><dt>${name}</dt><dd>${value}<small>${note}</small></dd></div>`,
  )
  return `<dl class="tiles">${shown.join('')}</dl>`
}

function interval(range: Interval | undefined, text: (value: number) => string): string {
  return range ? `95 %: ${text(range[0])} to ${text(range[1])}` : 'no interval: too few assets'
}

/** Which line is whose. */
function key(verdicts: readonly Verdict[]): string {
  const items = verdicts.map(({ name }, i) => `<li><i class="series-${i}"></i>${name}</li>`)
  return `<ul class="key">${items.join('')}</ul>`
}

function figure(caption: string, picture: string | null): string {
  return picture === null ? '' : `<figure><h3>${caption}</h3>${picture}</figure>`
}

function windowSection({ verdicts, data, horizon }: Report): string {
  const { judged, early, leftOut, learning, windows } = data
  const soon =
    horizon.beforeMs === null
      ? `the last ${shareText(horizon.share)} of the time from onset to failure`
      : `the last ${durationText(horizon.beforeMs)} before a failure`
  const counts = `${windows.toLocaleString('en')} windows: ${judged.toLocaleString('en')} judged, ${early} early, ${leftOut} left out (they lie across a border, or behind a failure), ${learning} while learning.`
  const figures = [
    figure('ROC: failures found, and healthy windows taken for failing', rocPlot(verdicts)),
    figure('Precision over recall', precisionPlot(verdicts)),
    figure('Reliability: is a score of 0.8 right eight times in ten?', reliabilityPlot(verdicts)),
    figure(`Windows by score of the ${verdicts[0]!.name}`, scoresPlot(verdicts[0]!)),
  ]
  return [
    '<h2>Window by window</h2>',
    `<p>A window is positive in ${soon}. ${counts} Small figures are 95 % intervals over assets drawn anew.</p>`,
    windowTable(verdicts),
    confusionTable(verdicts),
    probabilityTable(verdicts),
    key(verdicts),
    `<div class="charts">${figures.join('')}</div>`,
  ].join('')
}

function alertSection({ verdicts }: Report): string {
  return [
    '<h2>Alert by alert</h2>',
    '<p>What people would have met, by the alert rules with their delays. An alert warns of a failure when it is raised between onset and failure; outside of that and of the repair it is false. Rates are over healthy machine time.</p>',
    alertTable(verdicts),
    failureTable(verdicts[0]!),
    key(verdicts),
    `<div class="charts">${figure('How long before a failure people would have known', leadPlot(verdicts))}</div>`,
  ].join('')
}

function importanceSection(report: Report): string {
  const [channels, features] = importancePlots(report)
  const { importance } = report
  if (!importance || channels === undefined || features === undefined) return ''
  const { windows, repeats } = importance
  return [
    '<h2>What the model goes by</h2>',
    `<p>How much average precision falls when the values of a channel, or of one feature, are dealt out anew over ${windows.toLocaleString('en')} windows (mean and spread of ${repeats} times). Features that tell the same stand in for each other, so a channel can matter more than each of its features.</p>`,
    `<div class="charts">${figure('Channels, all their features at once', channels)}${figure('Single features', features)}</div>`,
  ].join('')
}

function learningSection({ learning }: Report): string {
  if (!learning || learning.length === 0) return ''
  const keys =
    '<ul class="key"><li><i class="series-0"></i>on rows that teach</li><li><i class="series-1"></i>on rows that stop the fit, and the epoch that was kept</li></ul>'
  const nets = learning.length === 1 ? 'one net' : `${learning.length} nets`
  const text = `<p>The loss of ${nets} after each epoch. Where the dashed line turns up while the other falls, a net begins to learn its data by heart; it is kept as it was before.</p>`
  return `<h2>Learning</h2>${text}${keys}<div class="charts">${figure('Loss by epoch', learningPlot(learning))}</div>`
}

function traceSection({ verdicts, data }: Report, traces: Traces): string {
  const above = verdicts[0]!.windows?.threshold ?? 1
  const plots = tracePlots(traces, above)
  if (plots.length === 0) return ''
  const rest = data.assets > plots.length ? ` The other ${data.assets - plots.length} are not drawn.` : ''
  const keys =
    '<ul class="key"><li><i class="series-0"></i>score</li><li><i class="limit"></i>limit of the rule</li><li><i class="alert"></i>an alert stands</li><li><i class="fault"></i>from onset to failure</li></ul>'
  return [
    '<h2>Each asset</h2>',
    `<p>Assets with failures first, then those with alerts.${rest}</p>`,
    keys,
    `<div class="charts">${plots.join('')}</div>`,
  ].join('')
}

function madeSection({ command, code, notes, agreement, model, seed }: Report): string {
  const lines = [...notes]
  if (agreement) {
    lines.push(
      `The code of training gives ${agreement.windows.toLocaleString('en')} of these windows the scores of the live stream; ${agreement.different} differ, by ${agreement.greatestDifference} at most.`,
    )
  }
  return [
    '<h2>How this was made</h2>',
    `<p>By forewarn ${escaped(code)}, seed ${seed}${model ? `, model hash <code>${model.hash.slice(0, 16)}</code>` : ''}; again by</p>`,
    `<p><code>${escaped(command)}</code></p>`,
    `<ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>`,
  ].join('')
}
