/** A model's card, README.md of its folder: what it is for, what it saw, how good it is, where it ends. */
import type { Manifest, Measured, Reliability } from '../model/manifest.ts'
import { median, type Warning } from './evaluate.ts'
import { learningLine } from './history.ts'
import type { Outcome } from './trial.ts'

/** @param again the command that makes the model once more */
export function modelCard(manifest: Manifest, outcomes: readonly Outcome[], again: string): string {
  const { name, version, licence } = manifest
  const sections = [
    `# ${name} ${version}`,
    purpose(manifest),
    training(manifest, again),
    ...outcomes.map((outcome) => results(outcome, manifest)),
    limits(manifest),
    `Licence: ${licence}.`,
  ]
  return `${sections.join('\n\n')}\n`
}

function purpose({ window, channels, thresholds }: Manifest): string {
  const { above, clearBelow, onDelayWindows, offDelayWindows } = thresholds
  const rows = channels.map((channel) => `| ${channel.name} | ${channel.unit ?? '(none)'} |`)
  return [
    'Says for each window of a machine how likely a failure is under way: a score of 0 to 1.',
    `${windowText(window)}; a pipeline must have the same.`,
    `Meant for the alert rule: raised above ${above} for ${onDelayWindows} windows in a row,`,
    `cleared below ${clearBelow} for ${offDelayWindows} windows in a row.`,
    '',
    '| channel | unit |',
    '| --- | --- |',
    ...rows,
  ].join('\n')
}

export function windowText(window: Manifest['window']): string {
  if ('count' in window) return `Windows of ${window.count} readings every ${window.hop} readings`
  if ('gapMs' in window) {
    return `Windows between pauses of ${seconds(window.gapMs)}, cut every ${seconds(window.maxMs)}`
  }
  return `Windows of ${seconds(window.sizeMs)} every ${seconds(window.hopMs)}`
}

function training(
  { training, features, steps, calibration, backend, seed, code }: Manifest,
  again: string,
): string {
  const { source, rows, positiveRows, assets, validationAssets, horizon, epochs, nets, folds } = training
  const { history, interrupted } = training
  const positive =
    horizon.beforeMs === null
      ? `the last ${percent(horizon.share)} of the time from onset to failure`
      : `the last ${seconds(horizon.beforeMs)} before a failure`
  return [
    '## Training',
    `- Data: ${source}; ${rows} windows, ${positiveRows} of them positive.`,
    `- Split by machine, never by row: ${assets} machines taught, by ${validationAssets} others the fit stopped (epoch ${epochs}).`,
    `- Positive: a window within ${positive}.`,
    `- Left out: windows between onset and that time (early), and those in the ${seconds(horizon.afterMs)} after a failure.`,
    `- Net: a perceptron on ${features.names.length} features of the window; seed ${seed}${nets > 1 ? `; mean of ${nets}` : ''}.`,
    `- Prepared by, in this order: ${steps.map(({ step }) => step).join(', ')} (manifest.json has the numbers).`,
    `- Calibrated on the machines that stopped the fit: ${calibration?.method ?? 'not at all'}.`,
    ...learningLine(history),
    ...foldLines(folds),
    ...(interrupted ? ['- Stopped by hand before its time: the best net until then.'] : []),
    `- Made by forewarn ${code} on ${backend.name} ${backend.version}; the same bytes again by`,
    `  \`${again}\``,
  ].join('\n')
}

function foldLines(folds: Manifest['training']['folds']): string[] {
  if (folds === null) return []
  const { count, prAuc, rocAuc, f1, brier } = folds
  const show = (name: string, { mean, sd }: typeof prAuc) => `${name} ${mean} ± ${sd}`
  const all = [show('PR-AUC', prAuc), show('ROC-AUC', rocAuc), show('F1', f1), show('Brier', brier)]
  return [`- ${count}-fold cross-validation by machine (mean ± standard deviation): ${all.join(', ')}.`]
}

function results(
  { source, model, thresholdRule, logistic, reliability }: Outcome,
  { baseline, thresholds }: Manifest,
): string {
  const rows = [
    { name: 'net', ...model },
    { name: 'logistic regression', ...logistic },
    { name: baseline, ...thresholdRule },
  ]
  const tables = [alertTable(rows)]
  if (model.windows) {
    const note = [
      `Precision, recall and F1 of the net and of the logistic regression at ${thresholds.above}, of the rule at its limit.`,
      '"From onset" counts early windows as positive too, though at onset nothing can be seen yet.',
    ].join('\n')
    tables.unshift(windowTable(rows), note)
  }
  if (model.warnings.length > 0) tables.push(kindTable(model.warnings))
  if (reliability !== null) tables.push(reliabilityTable(reliability))
  return [`## Results: ${source}`, ...tables].join('\n\n')
}

type Row = Measured & { readonly name: string }

function windowTable(rows: readonly Row[]): string {
  const row = ({ name, windows }: Row) =>
    windows
      ? `| ${name} | ${windows.precision} | ${windows.recall} | ${windows.f1} | ${windows.prAuc} | ${windows.prAucFromOnset} | ${windows.rocAuc} |`
      : `| ${name} | | | | | | |`
  return [
    '| windows | precision | recall | F1 | PR-AUC | PR-AUC from onset | ROC-AUC |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(row),
  ].join('\n')
}

function alertTable(rows: readonly Row[]): string {
  const row = ({ name, alerts }: Row) => {
    const { failures, warned, falseAlerts, machineDays, medianWarningShare } = alerts
    const warning = medianWarningShare === null ? '' : `${percent(medianWarningShare)} of the way`
    return `| ${name} | ${warned} of ${failures} | ${warning} | ${alerts.alerts} | ${falseAlerts} in ${machineDays} |`
  }
  return [
    '| alerts | failures warned of | median warning, from onset to failure | alerts on them | false alerts in machine-days |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(row),
  ].join('\n')
}

/** The reliability diagram in figures. */
function reliabilityTable({ brier, brierRaw, error, bins }: Reliability): string {
  const rows = bins.map(
    ({ from, to, count, predicted, observed }) =>
      `| ${from} to ${to} | ${count} | ${percent(predicted)} | ${percent(observed)} |`,
  )
  return [
    `Calibration: Brier score ${brier} (before calibration ${brierRaw}), mean error ${error}.\n`,
    '| scored | windows | said in the mean | came true |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

function kindTable(warnings: readonly Warning[]): string {
  const kinds = [...new Set(warnings.map(({ kind }) => kind))].sort()
  const rows = kinds.map((kind) => {
    const own = warnings.filter((warning) => warning.kind === kind)
    const shares = own.flatMap(({ afterMs, growthMs }) => (afterMs === null ? [] : [afterMs / growthMs]))
    const at = shares.length > 0 ? percent(median(shares)) : ''
    return `| ${kind} | ${shares.length} of ${own.length} | ${at} |`
  })
  return ['| fault | failures the net warned of | median warning |', '| --- | --- | --- |', ...rows].join(
    '\n',
  )
}

function limits({ training, calibration }: Manifest): string {
  const simulated = training.source.startsWith('simulated')
  return [
    '## Limits',
    simulated
      ? '- It knows simulated machines only. It shows that the program works; it is no judge of real machines.'
      : '- It knows the machines above and others like them, with the same sensors.',
    '- Train on recordings of your own with `forewarn train --input FILE --labels FILE`.',
    ...(calibration === null ? ['- The score ranks windows; it is not calibrated to a probability.'] : []),
  ].join('\n')
}

export function seconds(ms: number): string {
  return `${ms / 1000} s`
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}
