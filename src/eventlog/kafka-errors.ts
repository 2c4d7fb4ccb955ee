/**
 * What Kafka's errors mean: whether they pass by themselves, and in words for people (law 8). Error types are those of
 * the protocol (kafka.apache.org/protocol#protocol_error_codes), as kafkajs 2.2.4 calls them.
 */
import { type Failure, failure, isFailure, messageOf } from '../core/errors.ts'

/** Where an error came from, for the message. */
export interface Doing {
  /** Such as "writing to forewarn.readings". */
  readonly what: string
  readonly brokers: readonly string[]
  /** Whom the brokers know us as; `null` without a user. */
  readonly user: string | null
  /** What the operation needs a right for. */
  readonly right?: Right
}

export interface Right {
  readonly operation:
    | 'Read'
    | 'Write'
    | 'Create'
    | 'Describe'
    | 'DescribeConfigs'
    | 'Delete'
    | 'IdempotentWrite'
  readonly kind: 'topic' | 'group' | 'transactional-id' | 'cluster'
  readonly name: string
}

/** Codes that kafkajs has no name for. */
const LATER_CODES: Readonly<Record<string, string>> = {
  '89': 'THROTTLING_QUOTA_EXCEEDED',
  '90': 'PRODUCER_FENCED',
  '100': 'UNKNOWN_TOPIC_ID',
  '104': 'INELIGIBLE_REPLICA',
  '120': 'TRANSACTION_ABORTABLE',
}

const AWAY = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSGroupCoordinatorNotFound',
])

const PASSING = new Set([
  'CORRUPT_MESSAGE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REQUEST_TIMED_OUT',
  'BROKER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'CONCURRENT_TRANSACTIONS',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'UNSTABLE_OFFSET_COMMIT',
  'THROTTLING_QUOTA_EXCEEDED',
  'UNKNOWN_TOPIC_ID',
])

const REFUSED = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
])

interface WireError {
  readonly name?: unknown
  readonly type?: unknown
  readonly message?: unknown
  readonly cause?: unknown
  readonly errors?: unknown
}

/** Type of a protocol error, else the error's name; of the error behind it where kafkajs has wrapped one. */
export function typeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const { type, name, message, cause, errors }: WireError = error
  if (type === 'KAFKAJS_UNKNOWN_ERROR_CODE') {
    const code = /(-?\d+)$/.exec(String(message))?.[1] ?? ''
    return LATER_CODES[code] ?? `error ${code}`
  }
  if (typeof type === 'string') return type
  if (Array.isArray(errors) && errors.length > 0) {
    const types = errors.map(typeOf)
    return types.find((one) => one !== 'TOPIC_ALREADY_EXISTS') ?? types[0]!
  }
  if ((name === 'KafkaJSNumberOfRetriesExceeded' || name === 'KafkaJSNonRetriableError') && cause) {
    return typeOf(cause)
  }
  return String(name)
}

/** The broker can't be reached, or did not answer in time: what was asked may have been done. */
export function isAway(error: unknown): boolean {
  return AWAY.has(typeOf(error))
}

/** True for what time, another leader or another coordinator mends. */
export function isPassing(error: unknown): boolean {
  const type = typeOf(error)
  return AWAY.has(type) ? !isHandshakeFault(error) : PASSING.has(type)
}

/** In words: what, where, and what would be right. A failure stays as it is. */
export function plainly(error: unknown, doing: Doing): Failure {
  if (isFailure(error)) return error
  const type = typeOf(error)
  const where = `Kafka at ${doing.brokers.join(', ')}`
  const said = plainText(messageOf(error))
  if (REFUSED.has(type)) return failure('config', refusal(doing, where), error)
  if (/SASL|sasl/.test(type) || /SASL/.test(said)) {
    return failure(
      'config',
      `${where} does not take ${doing.user === null ? 'clients without a user' : `the user ${doing.user}`} (${said}): check log.kafka.sasl (mechanism, username, password)`,
      error,
    )
  }
  if (isHandshakeFault(error)) {
    return failure(
      'config',
      `${where}: no TLS connection (${said}): check that this is the brokers' TLS port, that log.kafka.ssl.ca names the authority of their certificates and these name the host, and that log.kafka.ssl.cert and key are set where they want to know us by a certificate`,
      error,
    )
  }
  if (AWAY.has(type)) {
    return failure('log-unavailable', `${where} can't be reached (${doing.what}): ${said}`, error)
  }
  if (PASSING.has(type))
    return failure('log-unavailable', `${where} is not ready (${doing.what}): ${said} (${type})`, error)
  return failure('unavailable', `${where} refuses ${doing.what}: ${said} (${type})`, error)
}

/** OpenSSL puts what it has to say behind numbers and names of its own functions, and ends it with a new line. */
function plainText(text: string): string {
  return text
    .replace(/[0-9A-F]+:error:[0-9A-F]+:SSL routines:\w*:([^:]+):.*/s, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

function refusal({ what, user, right }: Doing, where: string): string {
  const who = user === null ? 'anonymous clients' : `the user ${user}`
  if (right === undefined) return `${where} does not allow ${who} ${what}: grant the right with kafka-acls`
  const resource = right.kind === 'cluster' ? '--cluster' : `--${right.kind} ${right.name}`
  return (
    `${where} does not allow ${who} ${what}: it needs ${right.operation} on ${right.kind} ${right.name}; ` +
    `kafka-acls --add --allow-principal User:${user ?? 'ANONYMOUS'} --operation ${right.operation} ${resource}`
  )
}

/** TLS alerts, certificates that don't verify, and a plain port that is spoken TLS to (or the other way round). */
function isHandshakeFault(error: unknown): boolean {
  return /certificate|self.signed|altname|SSL routines|wrong version number|secure TLS connection|EPROTO|ERR_TLS|ERR_SSL/i.test(
    messageOf(error),
  )
}
