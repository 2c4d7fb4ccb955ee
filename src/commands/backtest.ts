/**
 * `backtest`: what would another model, or other rules, have told us? The log's readings once more through the same core
 * (`engine/past.ts`), from the start of the log, since what an asset's normal is was learned there; compared with the
 * alerts that were raised. Nothing is written to the log.
 */
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { loadPipelines, type TriedModel } from '../app/pipelines.ts'
import type { Settings } from '../config/settings.ts'
import { type AlertHistory, compareAlerts, makeAlertHistory } from '../core/alert-history.ts'
import { failure } from '../core/errors.ts'
import type { EventLog, NewRecord } from '../core/ports.ts'
import { readAlertEvent, readScore } from '../engine/emitted.ts'
import { runPast } from '../engine/past.ts'
import type { EnginePipeline } from '../engine/pipeline.ts'
import { openEventLog } from '../eventlog/open.ts'
import { type BacktestResult, backtestJson, backtestText } from './backtest-report.ts'
import { configOf, kafkaFlags } from './config.ts'
import { firstAt } from './tail.ts'
import { timeOf } from './time-option.ts'

export interface BacktestOptions {
  readonly config?: string
  readonly data?: string
  readonly kafka?: string
  /** Folder of a model's version: MODELS/NAME/VERSION. */
  readonly model?: string
  readonly pipeline?: string
  readonly from?: string
  readonly to?: string
  /** Ms of the log before `from` that are read; none = all of it. */
  readonly warmUp?: number
  readonly output?: string
  readonly json?: boolean
}

/** The range in event time: windows wholly inside, alerts by the time of their events. Epoch ms. */
interface Range {
  readonly fromMs: number
  readonly toMs: number
}

const decoder = new TextDecoder()

export async function backtest(options: BacktestOptions): Promise<void> {
  const range = rangeOf(options)
  const { settings } = configOf(options, { 'log.dir': options.data, ...kafkaFlags(options.kafka) })
  const { pipelines, dispose } = await loadPipelines(settings, triedModel(settings, options))
  const log = await openEventLog(settings.log, { readOnly: true })
  const out = options.output === undefined ? null : createWriteStream(options.output)
  try {
    const result = await run(log, settings, pipelines, range, options, out)
    console.log(options.json ? backtestJson(result) : backtestText(result))
  } finally {
    if (out) await finished(out.end())
    await log.close()
    dispose()
  }
}

async function run(
  log: EventLog,
  settings: Settings,
  pipelines: readonly EnginePipeline[],
  range: Range,
  options: BacktestOptions,
  out: WriteStream | null,
): Promise<BacktestResult> {
  const { topics } = settings.log
  const { from, begins } = await beginning(log, topics.readings, range, options.warmUp)
  const would = makeAlertHistory()
  let records = 0
  let windows = 0
  for await (const batch of runPast({ log, topics, pipelines, limits: settings.limits, from })) {
    records += batch.records
    const kept = batch.emit.filter((record) => isInside(record, topics, range, would))
    windows += kept.filter(({ topic }) => topic === topics.scores).length
    if (out) await write(out, kept)
  }
  const was = await raisedLive(log, topics.alerts, range)
  return {
    fromMs: finite(range.fromMs),
    toMs: finite(range.toMs),
    begins,
    records,
    windows,
    pipelines: pipelines.map(({ rules: { name, model, modelVersion } }) => ({ name, model, modelVersion })),
    differences: compareAlerts(raisedIn(would, range), was),
  }
}

/** Takes a score or an alert event of the range; its alerts go to `history` whatever the range. */
function isInside(
  { topic, value }: NewRecord,
  topics: Settings['log']['topics'],
  range: Range,
  history: AlertHistory,
): boolean {
  if (topic === topics.scores) {
    const score = readScore(value)
    return score !== null && score.windowStart >= range.fromMs && score.windowEnd <= range.toMs
  }
  const event = topic === topics.alerts ? readAlertEvent(value) : null
  if (event === null) return false
  history.take(event)
  return isWithin(Date.parse(event.time), range)
}

/** The alerts that were raised in the range, as the log tells of them. */
async function raisedLive(log: EventLog, topic: string, range: Range) {
  const history = makeAlertHistory()
  for (const [partition, { start, end }] of (await log.bounds(topic)).entries()) {
    for await (const records of log.read(topic, partition, start, end)) {
      for (const { value } of records) {
        const event = readAlertEvent(value)
        if (event) history.take(event)
      }
    }
  }
  return raisedIn(history, range)
}

function raisedIn(history: AlertHistory, range: Range) {
  return history.alerts().filter(({ raisedAt }) => isWithin(raisedAt, range))
}

function isWithin(time: number, { fromMs, toMs }: Range): boolean {
  return time > fromMs && time <= toMs
}

async function beginning(
  log: EventLog,
  topic: string,
  { fromMs }: Range,
  warmUpMs: number | undefined,
): Promise<{ from: number[]; begins: BacktestResult['begins'] }> {
  const bounds = await log.bounds(topic)
  if (warmUpMs !== undefined && Number.isFinite(fromMs)) {
    const at = fromMs - warmUpMs
    const from = bounds.map(({ start, end }, partition) => firstAt(log, topic, partition, start, end, at))
    return { from: await Promise.all(from), begins: 'warm-up' }
  }
  const isWhole = bounds.every(({ start }) => start === 0)
  return { from: bounds.map(({ start }) => start), begins: isWhole ? 'start' : 'retained' }
}

/** The pipeline that a model is tried in: the one named, the only one, or the one that serves a version of it now. */
function triedModel({ pipelines }: Settings, { model, pipeline }: BacktestOptions): TriedModel | undefined {
  const known = pipelines.map(({ name }) => name)
  if (pipeline !== undefined && !known.includes(pipeline)) {
    throw failure('usage', `--pipeline ${pipeline}: the config has ${known.join(', ')}`)
  }
  if (model === undefined) return undefined
  const path = resolve(model)
  const name = basename(dirname(path))
  const serving = pipelines.filter((one) => one.model?.split('@')[0] === name).map((one) => one.name)
  const chosen = pipeline ?? (known.length === 1 ? known[0] : serving.length === 1 ? serving[0] : undefined)
  if (chosen === undefined) {
    throw failure('usage', `--model ${model}: in which pipeline? --pipeline takes one of ${known.join(', ')}`)
  }
  return { pipeline: chosen, dir: dirname(dirname(path)), model: `${name}@${basename(path)}` }
}

function rangeOf({ from, to }: BacktestOptions): Range {
  const fromMs = from === undefined ? Number.NEGATIVE_INFINITY : timeOf('--from', from)
  const toMs = to === undefined ? Number.POSITIVE_INFINITY : timeOf('--to', to)
  if (fromMs < toMs) return { fromMs, toMs }
  throw failure('usage', `--from ${from} is not before --to ${to}`)
}

function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null
}

async function write(out: WriteStream, records: readonly NewRecord[]): Promise<void> {
  const lines = records.map(({ value }) => (value ? `${decoder.decode(value)}\n` : '')).join('')
  if (lines !== '' && !out.write(lines)) await once(out, 'drain')
}
