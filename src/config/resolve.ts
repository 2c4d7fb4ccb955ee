/** A checked config file → settings: numbers with units, defaults that depend on others, contradictions found. */
import type { AlertRule, Delay } from '../core/alert.ts'
import { failure } from '../core/errors.ts'
import { assetPattern } from '../core/match.ts'
import { nearest } from '../core/nearest.ts'
import { NO_DATA } from '../core/silence.ts'
import { TOPICS, type Topic, topicNames } from '../core/topics.ts'
import { durationMs, sizeBytes } from '../core/units.ts'
import { kafkaFindings, resolveKafka } from './kafka.ts'
import type { ConfigFile } from './schema.ts'
import type { AssetGroupSettings, Limits, LogSettings, PipelineSettings, Settings } from './settings.ts'
import { resolveWindow, windowFindings } from './window.ts'

type PipelineFile = ConfigFile['pipelines'][number]

/**
 * @param modelsDir folder of the shipped models, when the file names none
 * @throws failure 'config' that names every contradiction
 */
export function resolveSettings(file: ConfigFile, modelsDir: string): Settings {
  const wrong = [
    ...file.pipelines.flatMap(({ window }, i) => windowFindings(window, `pipelines.${i}.window`)),
    ...file.pipelines.flatMap(ruleFindings),
    ...nameFindings(file),
    ...silenceFindings(file),
    ...topicFindings(file),
    ...shareFindings(file),
    ...kafkaFindings(file.log),
  ]
  if (wrong.length === 0) wrong.push(...forgetFindings(file))
  if (wrong.length > 0) throw failure('config', wrong.join('\n'))
  return {
    mqtt: {
      ...file.mqtt,
      share: file.mqtt.share ?? null,
      users: file.mqtt.users ?? null,
      username: file.mqtt.username ?? null,
      password: file.mqtt.password ?? null,
    },
    log: resolveLog(file.log),
    assets: file.assets.map(resolveGroup),
    pipelines: file.pipelines.map(resolvePipeline),
    sinks: file.sinks,
    http: { ...file.http, token: file.http.token ?? null },
    models: { dir: file.models.dir ?? modelsDir },
    limits: resolveLimits(file.limits),
  }
}

function resolveLog(log: ConfigFile['log']): LogSettings {
  return {
    adapter: log.adapter,
    ...(log.adapter === 'kafka' ? { kafka: resolveKafka(log.kafka) } : {}),
    dir: log.dir,
    partitions: log.partitions,
    group: log.group,
    topics: topicNames(log.prefix, log.topics as Partial<Record<Topic, string>>),
    ticksMs: log.ticks === 'off' ? null : durationMs(log.ticks),
    retentionMs: durationMs(log.retention),
    maxBytes: sizeBytes(log.maxBytes),
    batchRecords: log.batch.records,
    batchWaitMs: durationMs(log.batch.wait),
  }
}

function resolveGroup(group: ConfigFile['assets'][number]): AssetGroupSettings {
  const channels = Object.entries(group.channels ?? {}).map(([name, { unit, min, max }]) => [
    name,
    { unit: unit ?? null, min: min ?? null, max: max ?? null },
  ])
  return {
    match: group.match,
    class: group.class ?? null,
    channels: Object.fromEntries(channels),
    attributes: group.attributes ?? {},
  }
}

function resolvePipeline(pipeline: PipelineFile): PipelineSettings {
  return {
    name: pipeline.name,
    assets: pipeline.assets,
    window: resolveWindow(pipeline.window),
    features: pipeline.features,
    derived: pipeline.derived,
    model: pipeline.model ?? null,
    learn: delayOf(pipeline.learn),
    follow: pipeline.follow,
    alerts: pipeline.alerts.map(resolveRule),
    noData: pipeline.noData
      ? { afterMs: durationMs(pipeline.noData.after), severity: pipeline.noData.severity }
      : null,
  }
}

function resolveRule(rule: PipelineFile['alerts'][number]): AlertRule {
  return {
    rule: rule.rule,
    above: rule.above,
    clearBelow: rule.clearBelow ?? rule.above,
    onDelay: delayOf(rule.onDelay),
    offDelay: delayOf(rule.offDelay),
    severity: rule.severity,
  }
}

function delayOf(delay: number | string): Delay {
  return typeof delay === 'number' ? { windows: delay } : { ms: durationMs(delay) }
}

function resolveLimits({
  payloadBytes,
  inFlightBytes,
  sseBufferBytes,
  futureBy,
  forgetAfter,
  ...counts
}: ConfigFile['limits']): Limits {
  return {
    ...counts,
    payloadBytes: sizeBytes(payloadBytes),
    inFlightBytes: sizeBytes(inFlightBytes),
    sseBufferBytes: sizeBytes(sseBufferBytes),
    futureByMs: durationMs(futureBy),
    forgetAfterMs: durationMs(forgetAfter),
  }
}

/** What is forgotten must have been silent long enough for its windows to have closed. */
function forgetFindings({ limits, pipelines }: ConfigFile): string[] {
  const longest = Math.max(...pipelines.map(({ window }) => resolveWindow(window).idleMs))
  if (durationMs(limits.forgetAfter) >= longest) return []
  return [
    `limits.forgetAfter: ${limits.forgetAfter} is wrong; expected at least the longest window.idle (${longest}ms)`,
  ]
}

function ruleFindings({ alerts }: PipelineFile, index: number): string[] {
  return alerts.flatMap(({ rule, above, clearBelow }) =>
    clearBelow !== undefined && clearBelow > above
      ? [
          `pipelines.${index}.alerts: rule ${rule}: clearBelow ${clearBelow} is wrong; expected at most above (${above})`,
        ]
      : [],
  )
}

function rulesOf({ alerts, noData }: PipelineFile): string[] {
  const rules = alerts.map(({ rule }) => rule)
  return noData ? [...rules, NO_DATA] : rules
}

function silenceFindings({ pipelines, log }: ConfigFile): string[] {
  return pipelines.flatMap(({ noData }, i) => {
    if (!noData) return []
    const at = `pipelines.${i}.noData`
    const found: string[] = []
    if (durationMs(noData.after) <= 0)
      found.push(`${at}.after: ${noData.after} is wrong; expected more than 0`)
    if (log.ticks === 'off')
      found.push(`${at}: silence is told by ticks, and log.ticks is off; leave one out`)
    return found
  })
}

/** Rule names are unique over the pipelines of an asset: an alert's id holds only the rule. */
function nameFindings({ pipelines }: ConfigFile): string[] {
  const found: string[] = []
  pipelines.forEach((pipeline, i) => {
    const rules = rulesOf(pipeline)
    const twice = rules.find((rule, at) => rules.indexOf(rule) !== at)
    if (twice)
      found.push(
        `pipelines.${i}.alerts: rule ${twice} stands twice${twice === NO_DATA ? ' (noData is one)' : ''}; rule names must differ`,
      )
    for (const other of pipelines.slice(0, i)) {
      if (other.name === pipeline.name)
        found.push(`pipelines.${i}.name: ${pipeline.name} is taken; names must differ`)
      const shared = rules.find((rule) => rulesOf(other).includes(rule))
      const meet = assetPattern(other.assets)(pipeline.assets) || assetPattern(pipeline.assets)(other.assets)
      if (shared && meet) {
        found.push(
          shared === NO_DATA
            ? `pipelines.${i}.noData also stands in pipeline ${other.name} for the same assets; leave one out`
            : `pipelines.${i}.alerts: rule ${shared} also stands in pipeline ${other.name} for the same assets; rename one`,
        )
      }
    }
  })
  return found
}

function shareFindings({ mqtt }: ConfigFile): string[] {
  if (mqtt.share === undefined || mqtt.url !== 'embedded') return []
  return [
    `mqtt.share: ${mqtt.share} is wrong with the embedded broker, which is this process's own; name a broker in mqtt.url, or leave share out`,
  ]
}

function topicFindings({ log }: ConfigFile): string[] {
  const known = Object.keys(TOPICS)
  return Object.keys(log.topics)
    .filter((topic) => !known.includes(topic))
    .map((topic) => {
      const near = nearest(topic, known)
      return `log.topics.${topic}: no such topic; ${near ? `did you mean ${near}?` : `known: ${known.join(', ')}`}`
    })
}
