/** The section `log.kafka` of `forewarn.yaml`. */
import Type from 'typebox'
import { Duration, strict, Text } from './field.ts'

export const Kafka = Type.Object(
  {
    brokers: Type.Union([Text('HOST:PORT,…'), Type.Array(Text('HOST:PORT'), { minItems: 1 })], {
      description: 'Brokers to begin with, HOST:PORT; the others are learned from them',
      default: '127.0.0.1:9092',
    }),
    clientId: Text("Name in the brokers' logs and quotas", 'forewarn'),
    ssl: Type.Object(
      {
        enabled: Type.Optional(Type.Boolean({ description: 'TLS; default: when a file is named here' })),
        ca: Type.Optional(Text("PEM file of authorities; default: the system's")),
        cert: Type.Optional(Text('PEM file of our certificate, where brokers ask for one')),
        key: Type.Optional(Text('PEM file of its key')),
      },
      { ...strict, default: {} },
    ),
    sasl: Type.Object(
      {
        mechanism: Type.Optional(
          Type.Enum(['plain', 'scram-sha-256', 'scram-sha-512'], { description: 'None: no user' }),
        ),
        username: Type.Optional(Text('User')),
        password: Type.Optional(Text('Password (better: FOREWARN_LOG_KAFKA_SASL_PASSWORD)')),
      },
      { ...strict, default: {} },
    ),
    replication: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Copies of topics that are made; default: 3, or as many as there are brokers',
      }),
    ),
    compression: Type.Enum(['none', 'gzip', 'zstd'], {
      description: 'Of what is written; all kinds are read. zstd needs Node 22.15',
      default: 'none',
    }),
    sessionTimeout: Duration('Silence after which an engine counts as gone; brokers take 6s or more', '10s'),
    transactionTimeout: Duration('Time after which brokers give up an unfinished commit', '15s'),
    requestTimeout: Duration('Longest wait for an answer', '15s'),
  },
  { ...strict, default: {} },
)
