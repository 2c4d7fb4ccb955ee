/**
 * A connection for the alert sink to an outside broker. Of its own, so that alerts go out while ingest's
 * connection is held back. (With the embedded broker the sink publishes in the process.)
 */
import { randomUUID } from 'node:crypto'
import mqtt from 'mqtt'
import type { MqttSettings } from '../config/settings.ts'
import type { PublishMessage } from './mqtt.ts'

export interface MqttPublisher {
  readonly publish: PublishMessage
  /** What is not acknowledged by then fails. */
  close(): Promise<void>
}

const RECONNECT_MS = 1000

/** Connects, and connects again whenever the connection is lost; what is published meanwhile waits. */
export function connectPublisher(
  settings: Pick<MqttSettings, 'url' | 'clientId' | 'username' | 'password'>,
  onError: (error: Error) => void = () => {},
): MqttPublisher {
  const { username, password } = settings
  const client = mqtt.connect(settings.url, {
    // Several engines publish at one broker: of two with one name each would throw the other out.
    clientId: `${settings.clientId}-alerts-${randomUUID().slice(0, 8)}`,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    reconnectPeriod: RECONNECT_MS,
    reconnectOnConnackError: true,
  })
  client.on('error', onError)
  return {
    async publish(topic, payload, options) {
      await client.publishAsync(topic, Buffer.from(payload), options)
    },
    close: () => client.endAsync(true),
  }
}
