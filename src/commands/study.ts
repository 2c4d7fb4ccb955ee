/**
 * `study`: a published benchmark by its published protocol, streamed through the lane of `score` and `up`. SKAB: a file
 * is an asset, its label columns never reach the lane. Each run is judged by its own normal, or by a model of its own.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { loadPipelines } from '../app/pipelines.ts'
import type { PipelineSettings, Settings } from '../config/settings.ts'
import type { AlertRule } from '../core/alert.ts'
import { failure } from '../core/errors.ts'
import type { RecordingMap } from '../formats/map.ts'
import { readRecording } from '../formats/recording.ts'
import type { RecordedReading } from '../formats/rows.ts'
import { raisedAlerts } from '../training/judged.ts'
import {
  causalVerdicts,
  type JudgedRun,
  type Said,
  SKAB_FIT_ROWS,
  SKAB_PUBLISHED,
  type SkabResults,
  skabResults,
} from '../training/studies/skab.ts'
import { configOf } from './config.ts'
import { type LaneRun, runLane } from './evaluate-lane.ts'
import { judgedPipeline } from './evaluate-pipeline.ts'
import { runModel } from './study-model.ts'

export interface StudyOptions {
  readonly data: string
  readonly config?: string
  readonly pipeline?: string
  readonly model?: string
  /** `anomaly`: a model for each run, taught by its first 400 rows. */
  readonly kind?: 'anomaly'
  readonly json?: boolean
}

const TRUTH = 'anomaly'

/** Columns as SKAB's files have them. */
const SKAB_MAP: RecordingMap = {
  format: 'csv',
  delimiter: ';',
  header: true,
  columns: null,
  place: { asset: { file: true }, time: { column: 'datetime', format: 'yyyy-MM-dd HH:mm:ss', zone: 'UTC' } },
  channels: new Map([
    ['vibration1', 'Accelerometer1RMS'],
    ['vibration2', 'Accelerometer2RMS'],
    ['current', 'Current'],
    ['pressure', 'Pressure'],
    ['temperature', 'Temperature'],
    ['thermocouple', 'Thermocouple'],
    ['voltage', 'Voltage'],
    ['flow', 'Volume Flow RateRMS'],
    [TRUTH, 'anomaly'],
  ]),
  ignore: [],
}

const WINDOW_ROWS = 10

/** An anomaly model scores 0.5 at its limit. */
const MODEL_LIMIT = 0.5

/**
 * Windows of ten rows that end with each row; every asset against what its first 400 rows taught, and they alone. Its
 * own limit is a score of 0.5.
 */
const SKAB_PIPELINE = {
  name: 'skab',
  assets: '*',
  window: { count: WINDOW_ROWS, hop: 1, latenessMs: 0, idleMs: 3_600_000 },
  features: 'default',
  model: null,
  learn: { windows: SKAB_FIT_ROWS - WINDOW_ROWS + 1 },
  follow: false,
  alerts: [
    {
      rule: 'risk',
      above: 0.5,
      clearBelow: 0.5,
      onDelay: { windows: 1 },
      offDelay: { windows: 1 },
      severity: 'high',
    },
  ],
} as const

/** With a model of its own for each run: alerts by the rule that such models are meant for. */
const MODEL_PIPELINE = {
  ...SKAB_PIPELINE,
  alerts: [
    {
      ...SKAB_PIPELINE.alerts[0],
      ...{ above: 0.8, clearBelow: 0.6, onDelay: { windows: 2 }, offDelay: { windows: 6 } },
    },
  ],
} as const

export interface SkabStudy {
  readonly files: number
  /** What judged, in words. */
  readonly detector: string
  /** A row is anomalous while the latest score is above the limit; while an alert stands. */
  readonly byScore: SkabResults
  readonly byAlert: SkabResults
}

/** @throws Failure `usage` for a study that there is not, `input` where files are missing or wrong */
export async function study(name: string, options: StudyOptions): Promise<void> {
  if (name !== 'skab') throw failure('usage', `no study ${name}; there is skab`)
  const found = await skabStudy(options)
  console.log(options.json ? JSON.stringify(found, null, 2) : table(found))
}

export async function skabStudy(options: StudyOptions): Promise<SkabStudy> {
  const files = await runFiles(options.data)
  const { settings, pipeline } = await pipelineOf(options)
  const runs: { byScore: JudgedRun; byAlert: JudgedRun }[] = []
  for (const file of files) {
    const rows: RecordedReading[] = []
    for await (const row of readRecording([file], SKAB_MAP)) rows.push(row)
    const run = await runOf(settings, pipeline, rows.map(withoutTruth), options.kind)
    runs.push(judged(file, rows, run, pipeline.alerts[0]!, options.kind ? MODEL_LIMIT : undefined))
  }
  return {
    files: files.length,
    detector: options.kind ? 'forewarn, an anomaly model trained on each run' : 'forewarn',
    byScore: skabResults(runs.map(({ byScore }) => byScore)),
    byAlert: skabResults(runs.map(({ byAlert }) => byAlert)),
  }
}

/** One run through a lane of its own, by a model of its own where one is asked for. */
async function runOf(
  settings: Settings,
  pipeline: PipelineSettings,
  rows: readonly RecordedReading[],
  kind: StudyOptions['kind'],
): Promise<LaneRun> {
  const model = kind ? await runModel(settings, pipeline, rows.slice(0, SKAB_FIT_ROWS)) : null
  const own = model?.settings ?? settings
  const loaded = await loadPipelines(own)
  try {
    return await runLane(own, loaded.pipelines[0]!, rows)
  } finally {
    loaded.dispose()
    await model?.dispose()
  }
}

async function pipelineOf(options: StudyOptions) {
  if (options.kind !== undefined && (options.config !== undefined || options.model !== undefined)) {
    throw failure('usage', '--kind anomaly trains a model for each run; --config and --model name another')
  }
  if (options.config !== undefined || options.model !== undefined) return judgedPipeline(options)
  const { settings } = configOf({})
  const pipeline = options.kind ? MODEL_PIPELINE : SKAB_PIPELINE
  return { settings: { ...settings, pipelines: [pipeline] }, pipeline }
}

/** All labelled runs below a folder; the run without anomalies has no labels and is none of them. */
async function runFiles(data: string): Promise<string[]> {
  const names = await readdir(data, { recursive: true }).catch((error: unknown) => {
    throw failure('input', `can't list ${data}: --data names the unpacked folder of SKAB`, error)
  })
  const files = names.filter((name) => /\.csv$/.test(name) && !/anomaly-free/.test(name)).sort()
  if (files.length === 0)
    throw failure('input', `no .csv below ${data}: --data names the unpacked folder of SKAB`)
  return files.map((name) => join(data, name))
}

function withoutTruth({ values, ...rest }: RecordedReading): RecordedReading {
  const { [TRUTH]: _truth, ...measured } = values
  return { ...rest, values: measured }
}

/** @param limit of a score that is anomalous; left out: the rule's */
function judged(
  name: string,
  rows: readonly RecordedReading[],
  run: LaneRun,
  { rule, above }: AlertRule,
  limit = above,
) {
  const rowsMs = rows.map(({ ts }) => ts)
  const truth = Uint8Array.from(rows, ({ values }) => (values[TRUTH] === 1 ? 1 : 0))
  // What closed at the end was not there while rows came.
  const live = run.scores.filter(({ closed }) => closed !== 'end')
  const scores = live.map(({ windowEnd, score }): Said => ({ atMs: windowEnd, anomalous: score > limit }))
  const moves = raisedAlerts(run.events, new Set([rule])).flatMap(({ raisedMs, clearedMs }): Said[] => [
    { atMs: raisedMs, anomalous: true },
    ...(clearedMs === null ? [] : [{ atMs: clearedMs, anomalous: false }]),
  ])
  return {
    byScore: { name, truth, said: causalVerdicts(rowsMs, scores) },
    byAlert: { name, truth, said: causalVerdicts(rowsMs, moves) },
  }
}

function table({ files, detector, byScore, byAlert }: SkabStudy): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
  const row = (name: string, results: Pick<SkabResults, 'f1' | 'falseAlarmRate' | 'missedAlarmRate'>) => {
    const { f1, falseAlarmRate, missedAlarmRate } = results
    const balanced = (2 - falseAlarmRate - missedAlarmRate) / 2
    return `| ${name} | ${f1.toFixed(2)} | ${percent(falseAlarmRate)} | ${percent(missedAlarmRate)} | ${percent(balanced)} |`
  }
  const told = ({ anomaliesTold, anomalies, medianDelayRows }: SkabResults) =>
    `${anomaliesTold} of ${anomalies} stretches told, after ${medianDelayRows ?? '–'} rows in the median`
  return [
    `SKAB, ${files} files, ${byScore.rows} rows behind the first 400 of each`,
    '',
    '| detector | F1 | false alarms | missed | balanced accuracy |',
    '| --- | --- | --- | --- | --- |',
    row(`${detector}, score above the limit`, byScore),
    row(`${detector}, an alert stands`, byAlert),
    ...SKAB_PUBLISHED.map((published) => row(`${published.detector} (published, all 34 files)`, published)),
    '',
    `By score: ${told(byScore)}; by alert: ${told(byAlert)}.`,
  ].join('\n')
}
