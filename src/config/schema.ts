/**
 * The one schema of `forewarn.yaml` (design 4.9): JSON Schema 2020-12 for editors, validation and defaults.
 * `load.ts` reads a file through it, `settings.ts` turns the result into numbers with units.
 */
import Type, { type Static } from 'typebox'
import { SEVERITIES } from '../core/records.ts'
import { Count, Duration, Name, Size, strict, Text } from './field.ts'
import { Kafka } from './kafka-schema.ts'
import { LEARNING } from './learning.ts'

/** Most readings in a window of a count. */
const MOST_COUNTED = 1_000_000

const Mqtt = Type.Object(
  {
    url: Text('embedded, or a broker: mqtt://host:port, mqtts://host:port', 'embedded'),
    host: Text('Address that the embedded broker listens on', '127.0.0.1'),
    port: Type.Integer({
      minimum: 0,
      maximum: 65535,
      description: 'Port of the embedded broker',
      default: 1883,
    }),
    topic: Text('Subscription; {asset} is the level that names the asset', 'sensors/{asset}'),
    clientId: Text(
      'Client id at an outside broker; its session keeps what comes while we are away',
      'forewarn-ingest',
    ),
    share: Type.Optional(
      Type.String({
        pattern: '^[^/+#$]+$',
        description:
          'Shared subscription at an outside broker: ingests of this name, each with a clientId of its own, divide the readings',
      }),
    ),
    users: Type.Optional(
      Type.Record(Type.String(), Type.String({ minLength: 1 }), {
        description: 'User name → password of the embedded broker; none: anyone on loopback',
      }),
    ),
    username: Type.Optional(Text('User at an outside broker')),
    password: Type.Optional(Text('Password at an outside broker (better: FOREWARN_MQTT_PASSWORD)')),
    maxConnections: Count('Most connections to the embedded broker', 2000),
  },
  { ...strict, default: {} },
)

const Log = Type.Object(
  {
    adapter: Type.Union([Type.Literal('embedded'), Type.Literal('memory'), Type.Literal('kafka')], {
      description: 'embedded: LMDB in the data folder; memory: nothing is kept; kafka: many machines',
      default: 'embedded',
    }),
    kafka: Kafka,
    dir: Text('Data folder of the embedded log', 'forewarn-data'),
    partitions: Count('Partitions of each topic; fixed once the log exists', 4),
    group: Text('Consumer group of the engine', 'forewarn'),
    prefix: Type.String({ description: 'Put before each topic name', default: 'forewarn.' }),
    topics: Type.Record(Type.String(), Text('Full name'), {
      description: 'Full names of single topics',
      default: {},
    }),
    ticks: Type.Union([Type.Literal('off'), Duration('Time between ticks')], { default: '1s' }),
    retention: Duration('Age after which records are removed', '7d'),
    maxBytes: Size('Size of the log beyond which ingest stops', '8GiB'),
    batch: Type.Object(
      {
        records: Count('Most records in one append', 2000),
        wait: Duration('Longest wait for more records', '2ms'),
      },
      { ...strict, default: {} },
    ),
  },
  { ...strict, default: {} },
)

const Channel = Type.Object(
  {
    unit: Type.Optional(Text('UCUM or SenML unit, such as Cel, bar, mm/s')),
    min: Type.Optional(Type.Number({ description: 'Least plausible value' })),
    max: Type.Optional(Type.Number({ description: 'Greatest plausible value' })),
  },
  strict,
)

const AssetGroup = Type.Object(
  {
    match: Text('Asset id, or a pattern with *'),
    class: Type.Optional(Text('Asset class, such as pump')),
    channels: Type.Optional(Type.Record(Type.String(), Channel)),
    attributes: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
    ),
  },
  strict,
)

const AlertRule = Type.Object(
  {
    rule: Name,
    above: Type.Number({ minimum: 0, maximum: 1, description: 'Raised when the score is above this' }),
    clearBelow: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'Cleared when the score is below this; default: above',
      }),
    ),
    onDelay: Type.Union([Type.Integer({ minimum: 1 }), Duration('Longest')], {
      description:
        'Windows in a row, or a duration, that the score must stay above before the alert is raised',
      default: 1,
    }),
    offDelay: Type.Union([Type.Integer({ minimum: 1 }), Duration('Longest')], {
      description: 'The same below clearBelow before it is cleared',
      default: 1,
    }),
    severity: Type.Enum([...SEVERITIES], { default: 'high' }),
  },
  strict,
)

/** Of a time (`size`), of a number of readings (`count`) or between pauses (`session`): one of the three. */
const Window = Type.Object(
  {
    size: Type.Optional(Duration('Length of a window; 30s when neither count nor session is given')),
    count: Type.Optional(
      Type.Integer({ minimum: 1, maximum: MOST_COUNTED, description: 'Readings of a window, in log order' }),
    ),
    session: Type.Optional(Duration('Pause that ends a window')),
    hop: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1 }), Duration('Longest')], {
        description:
          'Distance between window starts, at most size or count: a duration with size, readings with count; default: size or count',
      }),
    ),
    max: Type.Optional(
      Duration('Sessions are cut at multiples of this since the epoch; default 24h, at least session'),
    ),
    lateness: Duration('How far behind its latest reading an asset may still send', '10s'),
    idle: Type.Optional(
      Duration(
        'Silence after which open windows close; default 2 × size, at least size + lateness; with count 5m, at ' +
          'least lateness (a pause longer than this ends the run); with session 2 × session, at least session + lateness',
      ),
    ),
  },
  { ...strict, default: {} },
)

const Pipeline = Type.Object(
  {
    name: Name,
    assets: Text('Asset id, or a pattern with *', '*'),
    window: Window,
    features: Type.Union([Type.Literal('default'), Type.Array(Type.String(), { minItems: 1 })], {
      default: 'default',
    }),
    derived: Type.Record(Type.String(), Text('Two features and * / + or - between them'), {
      description:
        'What train adds to the features, such as power: torque.mean * speed.mean; the model carries it with it',
      default: {},
    }),
    ...LEARNING,
    alerts: Type.Array(AlertRule, {
      default: [{ rule: 'risk', above: 0.8, clearBelow: 0.6, onDelay: 2, severity: 'high' }],
    }),
    noData: Type.Optional(
      Type.Object(
        {
          after: Duration('Silence of an asset, by ticks, after which it raises the alert no-data'),
          severity: Type.Enum([...SEVERITIES], { default: 'low' }),
        },
        { ...strict, description: 'Silence as an alert; all assets at once is one alert; none: it is none' },
      ),
    ),
  },
  strict,
)

/** The file as a person writes it, after defaults are filled in. */
export const ConfigFile = Type.Object(
  {
    mqtt: Mqtt,
    log: Log,
    assets: Type.Array(AssetGroup, { default: [] }),
    pipelines: Type.Array(Pipeline, { default: [{ name: 'default' }], minItems: 1 }),
    sinks: Type.Object(
      {
        mqtt: Type.Object(
          {
            enabled: Type.Boolean({ default: true }),
            topic: Text('Where open alerts are retained', 'alerts/{asset}/{rule}'),
          },
          { ...strict, default: {} },
        ),
      },
      { ...strict, default: {} },
    ),
    http: Type.Object(
      {
        host: Text('Address to listen on', '127.0.0.1'),
        port: Type.Integer({ minimum: 0, maximum: 65535, default: 8080 }),
        token: Type.Optional(Text('Bearer token (better: FOREWARN_HTTP_TOKEN); needed beyond loopback')),
        requestsPerMinute: Count('Most requests of one client address in a minute', 1200),
      },
      { ...strict, default: {} },
    ),
    models: Type.Object(
      { dir: Type.Optional(Text('Folder of model folders; default: the ones shipped with the program')) },
      { ...strict, default: {} },
    ),
    limits: Type.Object(
      {
        payloadBytes: Size('Largest payload', '256KiB'),
        inFlightReadings: Count(
          'Readings taken from sockets and not yet durable; beyond it sockets are not read',
          20_000,
        ),
        inFlightBytes: Size('The same in bytes', '64MiB'),
        arrayReadings: Count('Most readings in one array payload', 10_000),
        assets: Count('Most assets in one partition', 100_000),
        channelsPerAsset: Count('Most channels of an asset', 256),
        openWindowsPerAsset: Count('Most windows of an asset open at once', 64),
        dedupePerAsset: Count('Readings of an asset remembered to tell duplicates', 1024),
        futureBy: Duration('A reading further than this ahead of the log clock is quarantined', '5m'),
        forgetAfter: Duration(
          'Silence after which an asset is forgotten with its state and alerts; also assets.forgetAfter',
          '30d',
        ),
        batchRecords: Count('Most records that the engine turns into effects at once', 5000),
        snapshotRecords: Count('Most records read again after a crash, per partition', 50_000),
        sseClients: Count('Most live subscribers', 100),
        sseBufferBytes: Size('Unsent bytes at which a live subscriber is dropped', '256KiB'),
        boardScores: Count('Scores of an asset that the dashboard remembers', 720),
      },
      { ...strict, default: {} },
    ),
  },
  { ...strict, $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'forewarn.yaml' },
)
export type ConfigFile = Static<typeof ConfigFile>
