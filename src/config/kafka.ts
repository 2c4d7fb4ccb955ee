/** The section `log.kafka` → settings, and what contradicts itself in it. Part of `resolve.ts`. */
import { durationMs } from '../core/units.ts'
import type { ConfigFile } from './schema.ts'
import type { KafkaSettings } from './settings.ts'

type LogFile = ConfigFile['log']
type KafkaFile = LogFile['kafka']

const ADDRESS = /^[A-Za-z0-9._-]+:[0-9]{1,5}$/
/** A heartbeat in ten must fit: below it members would be thrown out by a busy moment. */
const LEAST_SESSION_MS = 1000

export function resolveKafka(kafka: KafkaFile): KafkaSettings {
  const { ssl, sasl } = kafka
  const { mechanism, username = '', password = '' } = sasl
  return {
    brokers: brokersOf(kafka),
    clientId: kafka.clientId,
    ssl: isEncrypted(kafka) ? { ca: ssl.ca ?? null, cert: ssl.cert ?? null, key: ssl.key ?? null } : null,
    sasl: mechanism === undefined ? null : { mechanism, username, password },
    replication: kafka.replication ?? null,
    compression: kafka.compression,
    sessionTimeoutMs: durationMs(kafka.sessionTimeout),
    transactionTimeoutMs: durationMs(kafka.transactionTimeout),
    requestTimeoutMs: durationMs(kafka.requestTimeout),
  }
}

/** @returns one sentence per contradiction; none while another adapter is chosen */
export function kafkaFindings({ adapter, kafka }: LogFile): string[] {
  if (adapter !== 'kafka') return []
  const { ssl, sasl } = kafka
  const brokers = brokersOf(kafka)
  if (brokers.length === 0) return ['log.kafka.brokers: there is none; expected HOST:PORT,…']
  const found = brokers
    .filter((broker) => !ADDRESS.test(broker))
    .map((broker) => `log.kafka.brokers: ${JSON.stringify(broker)} is wrong; expected HOST:PORT`)
  if ((ssl.cert === undefined) !== (ssl.key === undefined)) {
    found.push('log.kafka.ssl: cert and key belong together; name both, or neither')
  }
  if (ssl.enabled === false && (ssl.ca ?? ssl.cert) !== undefined) {
    found.push('log.kafka.ssl.enabled: false is wrong while files are named; take them or it out')
  }
  if (sasl.mechanism === undefined && (sasl.username ?? sasl.password) !== undefined) {
    found.push(
      'log.kafka.sasl.mechanism is missing; expected one of plain, scram-sha-256, scram-sha-512 with a user',
    )
  }
  if (sasl.mechanism !== undefined && (sasl.username === undefined || sasl.password === undefined)) {
    found.push(
      'log.kafka.sasl: username and password are needed with a mechanism (FOREWARN_LOG_KAFKA_SASL_PASSWORD)',
    )
  }
  if (durationMs(kafka.sessionTimeout) < LEAST_SESSION_MS) {
    found.push(`log.kafka.sessionTimeout: ${kafka.sessionTimeout} is wrong; expected at least 1s`)
  }
  return found
}

function isEncrypted({ ssl }: KafkaFile): boolean {
  return ssl.enabled ?? (ssl.ca ?? ssl.cert) !== undefined
}

function brokersOf({ brokers }: KafkaFile): string[] {
  const list = typeof brokers === 'string' ? brokers.split(',') : brokers
  return list.map((broker) => broker.trim()).filter((broker) => broker !== '')
}
