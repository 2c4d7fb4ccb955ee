/** What a chaos run did and found, as data and as the text that people read. */
import { type Difference, total } from './comparison.ts'
import type { Verdict } from './verdict.ts'

export interface ChaosReport extends Verdict {
  /** How often each disturbance came. */
  readonly done: Readonly<Record<string, number>>
  readonly published: number
  readonly acknowledged: number
  readonly reconnects: number
  /** Acknowledgements of alerts that were accepted over HTTP. */
  readonly commands: number
  /** What should not have happened beside the comparison, such as a program that did not stop in order. */
  readonly problems: readonly string[]
  readonly disturbedSeconds: number
  readonly seconds: number
}

/** Nothing lost, doubled or different, and nothing else went wrong. */
export function isProof(report: ChaosReport): boolean {
  const { lost, doubled, different } = sumOf(report)
  const isCompared = Object.keys(report.differences).length > 0
  return isCompared && lost + doubled + different + report.problems.length === 0
}

/** The report as one JSON object. @param repeat the command that repeats it */
export function jsonOf(report: ChaosReport, run: { readonly seed: number; readonly repeat: string }): object {
  const { lost, doubled, different, findings } = sumOf(report)
  return { ok: isProof(report), lost, doubled, different, findings, ...run, ...report }
}

/** The report as lines. */
export function linesOf(report: ChaosReport, repeat: string): string[] {
  const sum = sumOf(report)
  const counts = Object.values(report.done)
  const width = Math.max(0, ...Object.keys(report.differences).map((name) => name.length))
  const row = (name: string, { lost, doubled, different }: Difference) =>
    `  ${name.padEnd(width)}  ${lost} lost, ${doubled} doubled, ${different} different${recordsIn(report, name)}`
  return [
    `did, in ${report.disturbedSeconds.toFixed(0)} s (${counts.reduce((all, count) => all + count, 0)} disturbances):`,
    ...Object.entries(report.done)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `  ${String(count).padStart(4)} × ${name}`),
    `published ${report.published} messages over ${report.reconnects} reconnections: ${report.acknowledged} acknowledged, ` +
      `${report.redelivered} brought again by MQTT; ${report.commands} alerts acknowledged over HTTP`,
    ...(Object.keys(report.differences).length > 0 ? ['found:'] : []),
    ...Object.entries(report.differences).map(([name, difference]) => row(name, difference)),
    ...sum.findings.map((finding) => `  ! ${finding}`),
    ...report.problems.map((text) => `  ! ${text}`),
    `${isProof(report) ? 'PROVED' : 'FAILED'}: ${sumText(report, sum)}; ${report.seconds.toFixed(0)} s in all`,
    `repeat: ${repeat}`,
  ]
}

function sumText({ differences, problems }: ChaosReport, { lost, doubled, different }: Difference): string {
  const compared = `${lost} lost, ${doubled} doubled, ${different} different`
  return `${Object.keys(differences).length > 0 ? compared : 'not compared'}, ${problems.length} problems`
}

function sumOf({ differences }: ChaosReport): Difference {
  return total(Object.values(differences))
}

function recordsIn({ records }: ChaosReport, name: string): string {
  const count = name === 'acknowledged' ? records.readings : records[name]
  return count === undefined ? '' : ` (${count} records${name === 'acknowledged' ? ' on readings' : ''})`
}
