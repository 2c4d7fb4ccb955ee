/** A model's card, README.md of its folder: what it is for, what it saw, how good it is, where it ends. */
import type { Manifest, Measured } from '../model/manifest.ts'
import { median, type Warning } from './evaluate.ts'
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
  const rows = channels.map((channel) => `| ${channel.name} | ${channel.unit ?? '(none)'} |`)
  return [
    'Says for each window of a machine how likely a failure is under way: a score of 0 to 1.',
    `Windows of ${seconds(window.sizeMs)} every ${seconds(window.hopMs)}; a pipeline must have the same.`,
    `Meant for the alert rule: above ${thresholds.above} for ${thresholds.onDelayWindows} windows in a row;`,
    `cleared below ${thresholds.clearBelow} for ${thresholds.offDelayWindows}.`,
    '',
    '| channel | unit |',
    '| --- | --- |',
    ...rows,
  ].join('\n')
}

function training({ training, features, backend, seed, code }: Manifest, again: string): string {
  const { source, rows, positiveRows, assets, validationAssets, horizon, epochs } = training
  const positive =
    horizon.beforeMs === null
      ? `the last ${percent(horizon.share)} of the time from onset to failure`
      : `the last ${seconds(horizon.beforeMs)} before a failure`
  return [
    '## Training',
    `Data: ${source}. ${rows} windows, ${positiveRows} of them positive, of ${assets} machines that taught and`,
    `${validationAssets} others by which the fit stopped (after epoch ${epochs}). Split by machine, never by row.`,
    '',
    `A window is positive when it lies within ${positive}. Left out: windows between onset and that time, and those`,
    `in the ${seconds(horizon.afterMs)} after a failure. A perceptron on ${features.names.length} statistics of the`,
    `window; seed ${seed}, program ${code}, ${backend.name} ${backend.version}.`,
    '',
    `The same bytes again: \`${again}\`.`,
  ].join('\n')
}

function results({ source, model, thresholdRule }: Outcome, { baseline, thresholds }: Manifest): string {
  const parts = [`## Results: ${source}`]
  if (model.windows && thresholdRule.windows) {
    parts.push(
      windowTable(model, thresholdRule, baseline),
      `Precision, recall and F1 at ${thresholds.above}.`,
      '',
    )
  }
  parts.push(alertTable(model, thresholdRule, baseline))
  if (model.warnings.length > 0) parts.push('', kindTable(model.warnings))
  return parts.join('\n')
}

function windowTable(model: Measured, rule: Measured, baseline: string): string {
  const row = (name: string, { windows }: Measured) =>
    windows
      ? `| ${name} | ${windows.precision} | ${windows.recall} | ${windows.f1} | ${windows.prAuc} | ${windows.rocAuc} |`
      : `| ${name} | | | | | |`
  return [
    '| windows | precision | recall | F1 | PR-AUC | ROC-AUC |',
    '| --- | --- | --- | --- | --- | --- |',
    row('net', model),
    row(baseline, rule),
    '',
  ].join('\n')
}

function alertTable(model: Measured, rule: Measured, baseline: string): string {
  const row = (name: string, { alerts }: Measured) => {
    const perDay = alerts.machineDays > 0 ? Number((alerts.falseAlerts / alerts.machineDays).toFixed(3)) : 0
    const share = alerts.medianWarningShare === null ? '' : percent(alerts.medianWarningShare)
    return `| ${name} | ${alerts.warned} of ${alerts.failures} | ${share} | ${alerts.alerts} | ${alerts.falseAlerts} in ${alerts.machineDays} (${perDay}) |`
  }
  return [
    '| alerts | failures warned of | median warning, share of the way to failure | alerts on them | false alerts in machine-days (a day) |',
    '| --- | --- | --- | --- | --- |',
    row('net', model),
    row(baseline, rule),
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

function limits({ training }: Manifest): string {
  const simulated = training.source.startsWith('simulated')
  return [
    '## Limits',
    simulated
      ? 'It knows simulated machines only: it shows that the program works, and is no judge of real ones. Train on your own'
      : 'It knows the machines above and others like them; on other machines, or after a change of sensors, train on your own',
    'recordings with `forewarn train`. The score ranks windows; it is not calibrated to a probability.',
  ].join('\n')
}

function seconds(ms: number): string {
  return `${ms / 1000} s`
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}
