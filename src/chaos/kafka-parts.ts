/** What a chaos run on Kafka is made of: `kafka-plant.ts` makes it, `kafka-disturbance.ts` disturbs it. */
import type { KafkaCluster } from './kafka-cluster.ts'
import type { Mosquitto } from './mosquitto.ts'
import type { Program } from './program.ts'
import type { LossyProxy } from './proxy.ts'

/** Name of the programs at the brokers. */
export const CLIENT_ID = 'forewarn'
/** Silence after which an engine counts as gone; brokers take no less. */
export const SESSION_MS = 6000

/** What stands around the programs. */
export interface KafkaParts {
  readonly cluster: KafkaCluster
  /** Between programs and the single broker. */
  readonly proxy: LossyProxy | null
  /** Between the witness and the MQTT broker. */
  readonly entrance: LossyProxy
  readonly mosquitto: Mosquitto | null
  readonly engines: readonly Program[]
  readonly ingests: readonly Program[]
  readonly http: Program
  /** An engine that comes and goes. */
  readonly extra: Program
}
