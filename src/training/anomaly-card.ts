/** The card of an anomaly model, README.md of its folder: what it saw, how often it was wrong about normal windows. */
import type { JudgedAnomaly } from '../model/anomaly.ts'
import type { Manifest } from '../model/manifest.ts'
import { percent, seconds, windowText } from './card.ts'
import { learningLine } from './history.ts'

/** @param again the command that makes the model once more */
export function anomalyCard(manifest: Manifest, again: string): string {
  const { name, version, licence, channels, thresholds, window } = manifest
  const { above, clearBelow, onDelayWindows, offDelayWindows } = thresholds
  const sections = [
    `# ${name} ${version}`,
    [
      'Says for each window of a machine how unlike the normal windows that taught it is: 0 to 1, and 0.5 at the limit.',
      `It is no probability. ${windowText(window)}; a pipeline must have the same.`,
      `Meant for the alert rule: raised above ${above} for ${onDelayWindows} windows in a row,`,
      `cleared below ${clearBelow} for ${offDelayWindows} windows in a row.`,
      '',
      '| channel | unit |',
      '| --- | --- |',
      ...channels.map((channel) => `| ${channel.name} | ${channel.unit ?? '(none)'} |`),
    ].join('\n'),
    training(manifest, again),
    results(manifest),
    [
      '## Limits',
      '- It knows the machines above and others like them, with the same sensors, as they ran then.',
      '- What was wrong while it was taught, and no label says so, is normal to it.',
      '- A new way to run scores high until the model is trained again.',
    ].join('\n'),
    `Licence: ${licence}.`,
  ]
  return `${sections.join('\n\n')}\n`
}

function training(manifest: Manifest, again: string): string {
  const { training, features, steps, backend, seed, code, anomaly } = manifest
  const { source, rows, assets, validationAssets, epochs, interrupted, horizon, history } = training
  const split =
    anomaly?.heldOut.by === 'asset'
      ? `by machine: ${assets} taught, ${validationAssets} others stopped the fit and set the limits`
      : `by time: the first 80 % of the windows of ${assets} machines taught, the next 10 % stopped the fit and set the limits`
  return [
    '## Training',
    `- Data: ${source}; ${rows} normal windows. Windows that touch a label, or the ${seconds(horizon.afterMs)} after it, teach nothing.`,
    `- Split ${split} (epoch ${epochs}); the rest judged.`,
    `- Net: a dense autoencoder on ${features.names.length} features of the window; seed ${seed}.`,
    '- Companion: principal components of the same inputs, T² and Q.',
    `- Prepared by, in this order: ${steps.map(({ step }) => step).join(', ')} (manifest.json has the numbers).`,
    `- Limits: the ${anomaly?.quantile} quantile of held-out normal windows, times ${anomaly?.factor}.`,
    ...learningLine(history),
    ...(interrupted ? ['- Stopped by hand before its time: the best net until then.'] : []),
    `- Made by forewarn ${code} on ${backend.name} ${backend.version}; the same bytes again by`,
    `  \`${again}\``,
  ].join('\n')
}

function results({ anomaly, thresholds }: Manifest): string {
  if (!anomaly) return ''
  const { heldOut } = anomaly
  const row = (name: string, { beyondLimit, falseAlarms, prAuc }: JudgedAnomaly) =>
    `| ${name} | ${percent(beyondLimit)} | ${percent(falseAlarms)} | ${prAuc ?? 'no labels'} |`
  return [
    '## Results',
    `${heldOut.windows} normal and ${heldOut.positive} labelled windows that neither taught nor set a limit.`,
    '',
    `| judged by | normal windows beyond the limit (0.5) | false alarms (above ${thresholds.above}) | PR-AUC |`,
    '| --- | --- | --- | --- |',
    row('both, as served', heldOut.model),
    row('autoencoder alone', heldOut.net),
    row('T² and Q alone', heldOut.companion),
  ].join('\n')
}
