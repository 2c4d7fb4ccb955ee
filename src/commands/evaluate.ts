/**
 * `evaluate`: how good a model, or a pipeline without one, is on readings whose failures are known. The readings go
 * through the lane of `score` and `up`, so its alerts are those that people would have met. Writes the report as JSON
 * and as a page that needs nothing else.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FleetCounts } from '../../simulators/fleet.ts'
import { failure } from '../core/errors.ts'
import type { Report, Verdict } from '../training/report.ts'
import { reportPage } from '../training/report-page.ts'
import { judgedPipeline } from './evaluate-pipeline.ts'
import { type Evaluated, evaluatePipeline } from './evaluate-report.ts'
import { fleetSource, type JudgedSource, recordedSource } from './evaluate-source.ts'

export interface EvaluateOptions {
  readonly model?: string
  readonly config?: string
  readonly pipeline?: string
  readonly map?: string
  readonly input?: readonly string[]
  readonly labels?: string
  readonly simulate?: FleetCounts
  /** Length of the simulation, and between readings of a machine, in ms. */
  readonly duration: number
  readonly interval: number
  /** Faults per simulated machine and day. */
  readonly faults: number
  readonly seed: number
  /** Ms before a failure in which a window counts as failing. */
  readonly horizon?: number
  readonly baselineInput?: readonly string[]
  readonly baselineLabels?: string
  readonly output?: string
}

/** Added to the seed of a fleet that is judged, for the fleet that baselines are fitted on. */
const BASELINE_SEED = 500_000

/** @throws Failure `usage`, `config`, `model` or `input` that names what is missing or wrong */
export async function evaluate(options: EvaluateOptions): Promise<void> {
  const source = await sourceOf(options)
  const judged = await judgedPipeline(options)
  const teaching = await teachingOf(options)
  const { seed, horizon } = options
  const command = commandOf(options)
  say(`judging by ${source.source}`)
  const evaluated = await evaluatePipeline(
    judged,
    source,
    teaching,
    { seed, horizonMs: horizon, command },
    say,
  )
  await write(evaluated, options.output)
  for (const verdict of evaluated.report.verdicts) say(summary(verdict))
}

function say(line: string): void {
  process.stderr.write(`evaluate: ${line}\n`)
}

async function sourceOf({ input, labels, map, simulate, ...rest }: EvaluateOptions): Promise<JudgedSource> {
  if (simulate !== undefined && input === undefined)
    return fleetSource(simulate, fleetOptions(rest, rest.seed))
  if (input === undefined || simulate !== undefined) {
    throw failure('usage', 'evaluate takes either --input FILE… --labels FILE or --simulate pump=20')
  }
  return recordedSource(input, labels, map)
}

/** What the baselines are fitted on; null = only what the model's manifest tells. */
async function teachingOf(options: EvaluateOptions): Promise<JudgedSource | null> {
  const { baselineInput, baselineLabels, map, simulate } = options
  if (baselineInput !== undefined) return recordedSource(baselineInput, baselineLabels, map)
  if (baselineLabels !== undefined) throw failure('usage', '--baseline-labels goes with --baseline-input')
  // A fleet that never fails teaches no baseline.
  return simulate === undefined || options.faults === 0
    ? null
    : fleetSource(simulate, fleetOptions(options, options.seed + BASELINE_SEED))
}

function fleetOptions(
  { duration, interval, faults }: Pick<EvaluateOptions, 'duration' | 'interval' | 'faults'>,
  seed: number,
) {
  return { durationMs: duration, intervalMs: interval, faults, seed }
}

async function write({ report, traces }: Evaluated, output: string | undefined): Promise<void> {
  const json = `${JSON.stringify(report, null, 2)}\n`
  if (output === undefined) {
    process.stdout.write(json)
    return
  }
  await mkdir(output, { recursive: true })
  await writeFile(join(output, 'evaluation.json'), json)
  await writeFile(join(output, 'evaluation.html'), reportPage(report, traces))
  console.log(join(output, 'evaluation.html'))
}

function summary({ name, windows, events }: Verdict): string {
  const figures = windows
    ? `F1 ${windows.f1.toFixed(3)}, PR-AUC ${windows.prAuc?.toFixed(3) ?? 'none'}, ROC-AUC ${windows.rocAuc?.toFixed(3) ?? 'none'}`
    : 'no window to judge by'
  const { warned, failures, falseAlerts, healthyMachineDays } = events
  return `${name}: ${figures}; warned of ${warned} of ${failures} failures, ${falseAlerts} false alerts in ${healthyMachineDays.toFixed(1)} healthy machine-days`
}

/** Flags of the command line in one order; those at their default are left out. */
function commandOf(options: EvaluateOptions): Report['command'] {
  const { simulate, duration, interval, faults, horizon, seed } = options
  const ms = (value: number | undefined) => (value === undefined ? undefined : `${value}ms`)
  const fleet = simulate && Object.entries(simulate).map(([name, count]) => `${name}=${count}`)
  const flags: readonly (readonly [string, string | number | undefined])[] = [
    ['--model', options.model],
    ['--config', options.config],
    ['--pipeline', options.pipeline],
    ['--map', options.map],
    ['--input', options.input?.join(' ')],
    ['--labels', options.labels],
    ['--simulate', fleet?.join(',')],
    ['--duration', fleet && ms(duration)],
    ['--interval', fleet && ms(interval)],
    ['--faults', fleet && faults],
    ['--horizon', ms(horizon)],
    ['--baseline-input', options.baselineInput?.join(' ')],
    ['--baseline-labels', options.baselineLabels],
    ['--seed', seed],
  ]
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag} ${value}`]))
  return ['forewarn evaluate', ...given].join(' ')
}
