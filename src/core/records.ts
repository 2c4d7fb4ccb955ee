/**
 * The records of the outside contract (design 4.2–4.4) as schemas: the one source of their types, their
 * validation and the HTTP documentation. Times are epoch ms unless a name says otherwise.
 */
import Type, { type Static } from 'typebox'
import { EARLIEST_MS, LATEST_MS } from './time.ts'

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength })

/** Letters that an asset id may have; anything else is the dead letter `bad-asset`. */
export const ASSET_ID = /^[A-Za-z0-9_.:-]{1,128}$/

export const AssetId = Type.String({ pattern: ASSET_ID.source, description: 'Asset (machine) id' })

/** A reading on the `readings` topic (4.3), with what ingest fills in: `asset` and `ts` are always there. */
export const Reading = Type.Object(
  {
    asset: AssetId,
    ts: Type.Union([Type.Integer(), Type.String()], {
      description: 'Event time: epoch ms, or RFC 3339 text',
    }),
    values: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()]), {
        description: 'One finite number per channel; null = not measured',
      }),
    ),
    waveforms: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object({
          hz: Type.Number({ exclusiveMinimum: 0 }),
          unit: Type.Optional(Type.String()),
          samples: Type.Optional(Type.Array(Type.Number())),
          f32: Type.Optional(Type.String({ description: 'base64 of little-endian float32' })),
        }),
      ),
    ),
    quality: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]), {
        description:
          'By channel, as OPC UA, OPC DA or Sparkplug say it: Good, Uncertain, Bad…, 192, 0. A bad value counts as not measured',
      }),
    ),
    tsSource: Type.Optional(
      Type.Literal('arrival', { description: 'ts is the arrival time: the payload had none' }),
    ),
  },
  { $id: 'Reading' },
)
export type Reading = Static<typeof Reading>

/** Epoch ms that have a text in RFC 3339, as the times of events must. */
const Time = (description: string) => Type.Integer({ minimum: EARLIEST_MS, maximum: LATEST_MS, description })

/** The clock in the log: one a second and partition, by its owner. */
export const Tick = Type.Object({
  ts: Time('Wall time in epoch ms; never goes back within a partition'),
  elapsed: Type.Number({
    minimum: 0,
    maximum: LATEST_MS,
    description: "Monotonic ms since this owner's previous tick, 0 on its first",
  }),
})
export type Tick = Static<typeof Tick>

/** Tells a partition, where silence is an alert, that somebody was heard in another one. */
export const Pulse = Type.Object({
  ts: Time('Wall time in epoch ms'),
  others: Type.Integer({ minimum: 0, description: 'Assets that the sender knows of in other partitions' }),
})
export type Pulse = Static<typeof Pulse>

/** What people and programs ask for, on the `readings` topic with key = asset. */
export const Command = Type.Object({
  id: text(128),
  command: Type.Union([Type.Literal('acknowledge'), Type.Literal('retire')]),
  asset: AssetId,
  alert: Type.Optional(text(512)),
  by: Type.String({ maxLength: 256 }),
  comment: Type.Optional(Type.String({ maxLength: 4096 })),
  verdict: Type.Optional(text(64)),
  at: Time('Epoch ms at which it was asked for'),
})
export type Command = Static<typeof Command>

export const CLOSED_BY = ['watermark', 'idle', 'end'] as const
export type ClosedBy = (typeof CLOSED_BY)[number]

/** Share of one feature in a score. */
export const Contribution = Type.Object(
  {
    channel: Type.String(),
    feature: Type.String({ description: 'Statistic of the channel, such as mean' }),
    share: Type.Number({
      description: 'Signed: what is below 0 speaks against. The shares of all features add up to 1',
    }),
  },
  { $id: 'Contribution' },
)
export type Contribution = Static<typeof Contribution>

/** A scored window on the `scores` topic (4.4). */
export const Score = Type.Object(
  {
    asset: AssetId,
    pipeline: Type.String(),
    windowStart: Type.Integer(),
    windowEnd: Type.Integer(),
    count: Type.Integer({ description: 'Readings in the window' }),
    score: Type.Number({ minimum: 0, maximum: 1, description: "The pipeline's risk, 6 decimals" }),
    model: Type.String(),
    modelVersion: Type.String(),
    failureProbability: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    anomaly: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    learning: Type.Optional(
      Type.Literal(true, { description: "The asset's normal is still being learned, the score is 0" }),
    ),
    learned: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'With `learning`: share of the learning period that is over',
      }),
    ),
    resting: Type.Optional(
      Type.Literal(true, {
        description: 'The machine stands still, or has just started again: it is not judged, the score is 0',
      }),
    ),
    contributions: Type.Optional(
      Type.Array(Contribution, {
        description:
          'Why, heaviest first: in every score that can raise an alert or keep one open, where the model can tell',
      }),
    ),
    contributionsRest: Type.Optional(
      Type.Number({ description: 'Sum of the shares of features that the list leaves out' }),
    ),
    closed: Type.Enum([...CLOSED_BY]),
  },
  { $id: 'Score' },
)
export type Score = Static<typeof Score>

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

export const ALERT_STATES = ['active', 'acknowledged', 'returned', 'shelved', 'suppressed', 'closed'] as const
export type AlertState = (typeof ALERT_STATES)[number]

/** One channel that moved, and by how much against the asset's own normal. */
export const Reason = Type.Object(
  {
    channel: Type.String(),
    feature: Type.String({ description: 'Statistic of the channel, such as mean' }),
    value: Type.Number(),
    normal: Type.Union([Type.Number(), Type.Null()], {
      description: 'What this asset normally shows; null = not known yet',
    }),
    share: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Share of the channel among those that raise the score',
    }),
  },
  { $id: 'Reason' },
)
export type Reason = Static<typeof Reason>

/** Why an alert ends without its condition being over. */
export const ENDED_BY = ['forgotten', 'retired', 'removed'] as const
export type EndedBy = (typeof ENDED_BY)[number]

/** An alert as it stands: value of `alert-states`, `data` of its events, item of the API. */
export const Alert = Type.Object(
  {
    alert: Type.String({ description: 'asset:rule:raisedAt' }),
    asset: AssetId,
    pipeline: Type.String(),
    rule: Type.String(),
    state: Type.Enum([...ALERT_STATES]),
    severity: Type.Enum([...SEVERITIES]),
    score: Type.Number(),
    raisedAt: Type.Integer(),
    updatedAt: Type.Integer(),
    windowEnd: Type.Integer(),
    reasons: Type.Array(Reason),
    silentSince: Type.Optional(
      Type.Integer({ description: 'Of rule no-data: event time of the last reading' }),
    ),
    by: Type.Optional(Type.String()),
    comment: Type.Optional(Type.String()),
    closedBecause: Type.Optional(
      Type.Enum([...ENDED_BY], {
        description:
          'It did not clear: its asset was forgotten or retired, or its rule is in the config no more',
      }),
    ),
  },
  { $id: 'Alert' },
)
export type Alert = Static<typeof Alert>

export const TRANSITIONS = ['raised', 'updated', 'acknowledged', 'cleared', 'closed'] as const
export type Transition = (typeof TRANSITIONS)[number]

const EVENT_TYPES = TRANSITIONS.map((transition) => `forewarn.alert.${transition}` as const)

/** A transition of an alert on the `alerts` topic: a CloudEvent 1.0 in structured JSON. */
export const AlertEvent = Type.Object(
  {
    specversion: Type.Literal('1.0'),
    id: Type.String({ description: 'alert:n, n = count of its transitions' }),
    source: Type.String({ description: 'forewarn/PIPELINE' }),
    type: Type.Enum([...EVENT_TYPES]),
    subject: AssetId,
    time: Type.String({ description: 'Event time, RFC 3339' }),
    datacontenttype: Type.Literal('application/json'),
    data: Alert,
  },
  { $id: 'AlertEvent' },
)
export type AlertEvent = Static<typeof AlertEvent>
