/** One pipeline over one set of readings → its report and the traces that the page draws. */
import { loadPipelines } from '../app/pipelines.ts'
import { featureNames } from '../core/features.ts'
import { shapeOf, type WindowShape } from '../core/window.ts'
import type { EnginePipeline } from '../engine/pipeline.ts'
import { type Baseline, baselineAlerts, fittedBaselines, recordedRule } from '../training/baseline.ts'
import { buildDataset, type DatasetOptions, usedRows } from '../training/dataset.ts'
import { type Horizon, POSITIVE } from '../training/horizon.ts'
import { IMPORTANCE_WINDOWS, permutationImportance } from '../training/importance.ts'
import {
  type JudgedWindows,
  judgedRows,
  judgedWindows,
  type RaisedAlert,
  raisedAlerts,
} from '../training/judged.ts'
import { dataSummary, type Report, type Verdict, verdictOf } from '../training/report.ts'
import type { Traces } from '../training/report-traces.ts'
import { agreementOf, type WindowFeatures, windowFeatures } from '../training/window-features.ts'
import { runLane } from './evaluate-lane.ts'
import type { JudgedPipeline } from './evaluate-pipeline.ts'
import type { JudgedSource } from './evaluate-source.ts'
import { VERSION } from './version.ts'

export interface Evaluated {
  readonly report: Report
  readonly traces: Traces
}

export interface ReportOptions {
  readonly seed: number
  /** Ms before a failure in which a window counts as failing; undefined = as the model was trained. */
  readonly horizonMs: number | undefined
  readonly command: string
}

/**
 * @param teaching what baselines are fitted on; null = only what the manifest tells
 * @param say told of each step, a line of text
 */
export async function evaluatePipeline(
  judged: JudgedPipeline,
  source: JudgedSource,
  teaching: JudgedSource | null,
  options: ReportOptions,
  say: (line: string) => void,
): Promise<Evaluated> {
  const loaded = await loadPipelines(judged.settings)
  try {
    const pipeline = loaded.pipelines[0]!
    const run = await runLane(judged.settings, pipeline, source.readings())
    say(`${run.readings} readings, ${run.scores.length} windows, ${run.events.length} alert events`)
    const horizon = horizonOf(judged, options.horizonMs)
    const windows = judgedWindows(run.scores, source.labels, horizon)
    const alerts = raisedAlerts(run.events, new Set(pipeline.rules.alerts.map(({ rule }) => rule)))
    const dataset = datasetOptions(judged, pipeline, run.channels, horizon)
    const features = windowFeatures(source.readings(), windows, dataset)
    const baselines = baselinesOf(judged, teaching, dataset, say)
    const verdicts = [
      ownVerdict(judged, windows, alerts, options.seed),
      ...baselines.map((baseline) => baselineVerdict(baseline, judged, windows, features, options.seed)),
    ]
    const counts = {
      source: source.source,
      readings: run.readings,
      unusable: run.unusable,
      labels: source.labels.length,
    }
    const report: Report = {
      format: 1,
      code: VERSION,
      command: options.command,
      model: modelOf(judged),
      pipeline: {
        name: pipeline.rules.name,
        window: shapeOf(pipeline.rules.window),
        rules: pipeline.rules.alerts,
      },
      data: dataSummary(windows, counts),
      horizon,
      seed: options.seed,
      verdicts,
      ...explained(pipeline, windows, features, options.seed, say),
      learning: judged.folder?.manifest.training.history ?? null,
      notes: notesOf(judged, baselines, windows),
    }
    return { report, traces: { windows, alerts } }
  } finally {
    loaded.dispose()
  }
}

function modelOf({ folder }: JudgedPipeline): Report['model'] {
  if (!folder) return null
  const { name, version, kind } = folder.manifest
  return { name, version, kind, hash: folder.hash }
}

/**
 * As the model was trained. Without a model a label is the time in which something was wrong: all of it is positive,
 * and windows that reach into it say nothing either way.
 */
function horizonOf({ folder, pipeline }: JudgedPipeline, beforeMs: number | undefined): Horizon {
  const trained = folder?.manifest.training.horizon ?? {
    share: 1,
    beforeMs: null,
    afterMs: longestMs(pipeline.window),
  }
  return beforeMs === undefined ? trained : { ...trained, beforeMs }
}

/** A window can reach into a label that long after its end; of counts nobody knows. */
function longestMs(shape: WindowShape): number {
  if ('sizeMs' in shape) return shape.sizeMs
  return 'maxMs' in shape ? shape.maxMs : 0
}

function datasetOptions(
  { folder, settings, pipeline }: JudgedPipeline,
  { rules, codes }: EnginePipeline,
  occurring: readonly string[],
  horizon: Horizon,
): DatasetOptions {
  const channels = rules.channels ?? occurring.slice(0, settings.limits.channelsPerAsset)
  const features = folder?.manifest.features.names ?? featureNames(channels)
  return { channels, features, window: pipeline.window, horizon, plausible: rules.plausible, codes }
}

function baselinesOf(
  { folder }: JudgedPipeline,
  teaching: JudgedSource | null,
  options: DatasetOptions,
  say: (line: string) => void,
): readonly Baseline[] {
  if (teaching) {
    say(`fitting baselines on ${teaching.source}`)
    const dataset = buildDataset(teaching.readings(), teaching.labels, options)
    const rows = usedRows(dataset, new Set(dataset.assets.keys()))
    const steps = folder?.manifest.steps ?? []
    const categories = steps.flatMap((step) => (step.step === 'one-hot' ? step.categories : []))
    return fittedBaselines(dataset, rows, teaching.source, categories)
  }
  const recorded = folder && recordedRule(folder.manifest.baseline, options.features)
  return recorded ? [recorded] : []
}

function ownVerdict(
  { folder, pipeline }: JudgedPipeline,
  windows: JudgedWindows,
  alerts: readonly RaisedAlert[],
  seed: number,
): Verdict {
  const rule = pipeline.alerts[0]!
  const name = folder ? 'model' : 'own normal'
  const text = folder
    ? `${folder.manifest.name} ${folder.manifest.version}, alarm above ${rule.above}`
    : `each asset against its own learned normal, alarm above ${rule.above}`
  const ranking = { scores: windows.score, threshold: rule.above, isProbability: true }
  return verdictOf(name, text, windows, ranking, alerts, seed)
}

function baselineVerdict(
  baseline: Baseline,
  { pipeline }: JudgedPipeline,
  windows: JudgedWindows,
  features: WindowFeatures,
  seed: number,
): Verdict {
  const ranking = baseline.ranking(features)
  const alerts = baselineAlerts(windows, ranking, pipeline.alerts[0]!)
  return verdictOf(baseline.name, baseline.text, windows, ranking, alerts, seed)
}

/** What only a model has: does training compute what the lane did, and what does it go by. */
function explained(
  { model }: EnginePipeline,
  windows: JudgedWindows,
  features: WindowFeatures,
  seed: number,
  say: (line: string) => void,
): Pick<Report, 'agreement' | 'importance'> {
  if (!model) return { agreement: null, importance: null }
  const { scorer } = model
  const agreement = agreementOf(windows, features, scorer.score(features.vectors, windows.rows))
  say(`measuring what the model goes by, on ${Math.min(IMPORTANCE_WINDOWS, windows.rows)} windows`)
  const rows = judgedRows(windows).filter((row) => features.found[row] === 1)
  const width = features.features.length
  const vectors = new Float64Array(rows.length * width)
  rows.forEach((row, i) => {
    vectors.set(features.vectors.subarray(row * width, (row + 1) * width), i * width)
  })
  const positive = Uint8Array.from(rows, (row) => (windows.target[row] === POSITIVE ? 1 : 0))
  return { agreement, importance: permutationImportance(scorer, features.features, vectors, positive, seed) }
}

function notesOf(
  { folder }: JudgedPipeline,
  baselines: readonly Baseline[],
  { learning }: JudgedWindows,
): string[] {
  const notes: string[] = []
  if (baselines.length === 0) {
    notes.push(
      'No baselines: neither the manifest nor --baseline-input and --baseline-labels tell what to compare with.',
    )
  } else if (baselines.length === 1) {
    notes.push('No logistic regression: it is fitted when --baseline-input and --baseline-labels are given.')
  }
  if (!folder || folder.manifest.calibration === null) {
    notes.push(
      'The score ranks windows and was not calibrated; the reliability diagram shows how far it is from a probability.',
    )
  }
  if (folder && !folder.manifest.training.history) {
    notes.push('No learning curve: the manifest holds no history of the training.')
  }
  if (learning.includes(1)) {
    notes.push(
      'Windows in which the normal was still being learned are not judged, and their time is not counted.',
    )
  }
  return notes
}
