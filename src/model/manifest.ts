/**
 * `manifest.json` of a model folder (design 4.6) as a schema: what the model needs, what it was made from, how
 * it scored. `folder.ts` reads and checks it, `training/` writes it.
 */
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import { attributeOf } from '../core/category.ts'
import { failure, messageOf } from '../core/errors.ts'
import { FEATURES_VERSION, parseFeature } from '../core/features.ts'
import { Anomaly, misfit } from './anomaly.ts'
import { Calibration } from './calibration.ts'
import { featuresHash } from './fingerprint.ts'
import { inputsOf } from './inputs.ts'
import { InputStep } from './steps.ts'

const strict = { additionalProperties: false }

/** Letters of a model's name; also those of its folder. */
export const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
export const MODEL_VERSION = /^(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})$/

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Count = Type.Integer({ minimum: 0 })
const Whole = Type.Integer({ minimum: 1 })
const Share = Type.Number({ minimum: 0, maximum: 1 })

/** How far the scores can be taken for probabilities. */
const Reliability = Type.Object(
  {
    /** Mean squared error of the probability (G. W. Brier, 1950). */
    brier: Type.Number({ minimum: 0 }),
    /** The same before calibration. */
    brierRaw: Type.Number({ minimum: 0 }),
    /** Mean distance of what was said from what came, over bins, weighted by their windows. */
    error: Share,
    /** The reliability diagram: of the windows scored in (from, to], the mean score and the share that failed. */
    bins: Type.Array(
      Type.Object({ from: Share, to: Share, count: Count, predicted: Share, observed: Share }, strict),
    ),
  },
  strict,
)
export type Reliability = Static<typeof Reliability>

/** How well windows of machines that fail soon are told from the others. */
const WindowResults = Type.Object({
  precision: Share,
  recall: Share,
  f1: Share,
  prAuc: Share,
  rocAuc: Share,
  /** With the early windows between onset and horizon counted as positive. */
  prAucFromOnset: Share,
})

/** What people would have been told: alerts by the rule of `thresholds`. */
const AlertResults = Type.Object({
  failures: Count,
  warned: Count,
  /** Alerts raised between onset and failure; more than `warned` when one came and went. */
  alerts: Count,
  falseAlerts: Count,
  machineDays: Type.Number({ minimum: 0 }),
  medianWarningShare: Type.Union([Share, Type.Null()]),
})

export const Measured = Type.Object({
  windows: Type.Union([WindowResults, Type.Null()]),
  alerts: AlertResults,
})
export type Measured = Static<typeof Measured>

/** One set of machines that training has not seen: the net, and the best limit on one statistic beside it. */
const Result = Type.Object({
  source: Type.String(),
  model: Measured,
  thresholdRule: Measured,
  /** Beside them a logistic regression on the same inputs. */
  logistic: Type.Optional(Measured),
  /** Null when nothing failed. */
  reliability: Type.Union([Reliability, Type.Null()]),
})

/** A mean over folds and its standard deviation (of the sample). */
const Spread = Type.Object({ mean: Type.Number(), sd: Type.Number({ minimum: 0 }) }, strict)

/** Cross-validation: each fold's machines judged by a net that the others taught. */
const Folds = Type.Object(
  {
    count: Type.Integer({ minimum: 2 }),
    prAuc: Spread,
    rocAuc: Spread,
    f1: Spread,
    brier: Spread,
  },
  { ...strict, description: 'k-fold cross-validation by asset; null: not asked for' },
)

const Losses = Type.Array(Type.Union([Type.Number(), Type.Null()]), { minItems: 1 })

/** The course of one net's training; the loss of epoch n stands at n - 1. */
const NetHistory = Type.Object({ kept: Whole, loss: Losses, heldOutLoss: Losses }, strict)

/** null stands for a missing value. */
const Probe = Type.Object(
  { features: Type.Array(Type.Union([Type.Number(), Type.Null()]), { minItems: 1 }), score: Share },
  strict,
)
export type Probe = Static<typeof Probe>

export const Manifest = Type.Object(
  {
    format: Type.Literal(2, { description: 'Version of this schema' }),
    name: Type.String({ pattern: MODEL_NAME.source }),
    version: Type.String({ pattern: MODEL_VERSION.source }),
    kind: Type.Enum(['failure', 'anomaly'], {
      description:
        'failure: the output is the probability of a failure to come; anomaly: how unlike the windows that taught',
    }),
    backend: Type.Object(
      { name: Type.Literal('tensorflow'), version: Type.String(), files: Type.Literal('tfjs-layers') },
      { ...strict, description: 'What trained it; every backend of tfjs serves it' },
    ),
    window: Type.Union(
      [
        Type.Object({ sizeMs: Whole, hopMs: Whole }, strict),
        Type.Object({ count: Whole, hop: Whole }, strict),
        Type.Object({ gapMs: Whole, maxMs: Whole }, strict),
      ],
      { description: 'A pipeline must have the same' },
    ),
    channels: Type.Array(
      Type.Object({ name: Type.String(), unit: Type.Union([Type.String(), Type.Null()]) }, strict),
      { minItems: 1 },
    ),
    features: Type.Object(
      { version: Type.Integer(), hash: Sha256, names: Type.Array(Type.String(), { minItems: 1 }) },
      {
        ...strict,
        description: 'In the order of the inputs; version and hash of the code that computes them',
      },
    ),
    steps: Type.Array(InputStep, {
      description: "From raw features to the net's inputs, in this order: see model/steps",
    }),
    outputs: Type.Array(Type.Object({ name: Type.Enum(['failureProbability', 'anomaly']) }, strict), {
      minItems: 1,
      maxItems: 1,
    }),
    thresholds: Type.Object(
      {
        above: Share,
        clearBelow: Share,
        onDelayWindows: Type.Integer({ minimum: 1 }),
        offDelayWindows: Type.Integer({ minimum: 1 }),
      },
      { ...strict, description: 'The alert rule that the results were measured with' },
    ),
    calibration: Calibration,
    anomaly: Type.Optional(Anomaly),
    probes: Type.Array(Probe, {
      description:
        'Raw features and what the model makes of them; it is not served when it makes something else',
    }),
    training: Type.Object(
      {
        source: Type.String({ description: 'Where the readings came from' }),
        hash: Sha256,
        rows: Count,
        positiveRows: Count,
        assets: Count,
        validationAssets: Count,
        fromMs: Type.Integer(),
        toMs: Type.Integer(),
        horizon: Type.Object(
          { share: Share, beforeMs: Type.Union([Type.Number(), Type.Null()]), afterMs: Type.Number() },
          { ...strict, description: 'Which windows before a failure are positive: see training/horizon' },
        ),
        epochs: Count,
        nets: Type.Integer({ minimum: 1, description: 'Nets of other seeds whose outputs are averaged' }),
        interrupted: Type.Boolean({ description: 'Stopped by hand: the best so far' }),
        folds: Type.Union([Folds, Type.Null()]),
        history: Type.Optional(
          Type.Array(NetHistory, {
            description:
              'For each net the epoch that was kept, and the loss after each on rows that taught and on those that stopped it; null: not finite',
          }),
        ),
      },
      strict,
    ),
    seed: Type.Integer(),
    code: Type.String({ description: 'Version of the program that trained it' }),
    results: Type.Array(Result),
    baseline: Type.String({ description: 'The threshold rule that the results were compared with' }),
    licence: Type.String(),
    files: Type.Object(
      { 'model.json': Sha256, 'weights.bin': Sha256 },
      { ...strict, description: 'sha256 of each file' },
    ),
  },
  { ...strict, $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'manifest.json' },
)
export type Manifest = Static<typeof Manifest>

/**
 * Checks the text of a manifest: its shape, and that its parts agree with each other and with this program.
 * @param where path that messages begin with
 * @throws Failure `model` that names the field
 */
export function parseManifest(text: string, where: string): Manifest {
  const value = parseJson(text, where)
  const wrong = fieldError(value)
  if (wrong) throw failure('model', `${where}: ${wrong}`)
  const manifest = Value.Parse(Manifest, value)
  const contradiction = contradictionIn(manifest)
  if (contradiction) throw failure('model', `${where}: ${contradiction}`)
  return manifest
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw failure('model', `${where} is not JSON: ${messageOf(error)}`, error)
  }
}

/** The first field that does not fit the schema, in words. */
function fieldError(value: unknown): string | null {
  const error = Value.Errors(Manifest, value).find(({ keyword }) => keyword !== 'boolean')
  if (!error) return null
  const field = error.instancePath.slice(1).replaceAll('/', '.') || 'the manifest'
  const names = 'params' in error ? JSON.stringify(error.params) : ''
  return `${field} ${error.message} ${names}`
}

function contradictionIn(manifest: Manifest): string | null {
  const { channels, features, steps, probes, calibration, training } = manifest
  const count = features.names.length
  const known = new Set(channels.map(({ name }) => name))
  const stray = features.names.find(
    (name) => attributeOf(name) === null && !known.has(parseFeature(name)?.channel ?? ''),
  )
  if (stray) return `features.names: ${stray} is no statistic of one of the channels ${[...known].join(', ')}`
  const wrong = probes.findIndex((probe) => probe.features.length !== count)
  if (wrong >= 0) {
    return `probes.${wrong}.features has ${probes[wrong]!.features.length} numbers for ${count} features`
  }
  if (calibration?.method === 'isotonic' && calibration.from.length !== calibration.to.length) {
    return `calibration.from has ${calibration.from.length} numbers, calibration.to ${calibration.to.length}`
  }
  const torn = (training.history ?? []).findIndex(
    ({ kept, loss, heldOutLoss }) => loss.length !== heldOutLoss.length || kept > loss.length,
  )
  if (torn >= 0) {
    const { kept, loss, heldOutLoss } = training.history![torn]!
    return `training.history.${torn} keeps epoch ${kept} and has losses of ${loss.length} and ${heldOutLoss.length} epochs`
  }
  try {
    const wrongKind = kindMisfit(manifest, inputsOf(features.names, steps).names.length)
    if (wrongKind) return wrongKind
  } catch (error) {
    return messageOf(error)
  }
  if (features.version !== FEATURES_VERSION) {
    return `features.version is ${features.version}, this program computes version ${FEATURES_VERSION}: train the model again`
  }
  const hash = featuresHash(features.names)
  if (features.hash !== hash) {
    return `features.hash is ${features.hash}, this program's features have ${hash}: train the model again`
  }
  return null
}

/** What of outputs and the section `anomaly` does not go with the kind. */
function kindMisfit({ kind, outputs, anomaly, calibration }: Manifest, width: number): string | null {
  const output = kind === 'failure' ? 'failureProbability' : 'anomaly'
  if (outputs[0]?.name !== output) return `outputs.0.name is ${outputs[0]?.name}, kind ${kind} has ${output}`
  if (kind === 'failure') return anomaly ? 'anomaly is there, but kind is failure' : null
  if (!anomaly) return 'anomaly is missing, and kind is anomaly'
  if (calibration !== null) return 'calibration must be null: the score of an anomaly is no probability'
  return misfit(anomaly, width)
}
