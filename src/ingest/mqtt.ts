/**
 * Readings from an outside MQTT broker (`mqtt.url`): one session that the broker keeps while we are away.
 * A message is acknowledged once it is durable; until then the broker counts it against our receive maximum,
 * which so is the window that slows it down. First stage of the flow when a broker is named.
 */
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt'
import type { MqttSettings } from '../config/settings.ts'
import { makeAcks } from './acks.ts'
import { pubacks } from './frame.ts'
import type { Gate } from './gate.ts'
import type { Intake, Run } from './intake.ts'
import { makeSensorTopic } from './topic.ts'

export interface OutsideOptions {
  readonly mqtt: Pick<MqttSettings, 'url' | 'topic' | 'clientId' | 'username' | 'password'> &
    Partial<Pick<MqttSettings, 'share'>>
  readonly limits: { readonly inFlightReadings: number }
  readonly intake: Intake
  readonly gate: Gate
  /** Told when the connection comes and goes, for log and health. */
  onState?(state: OutsideState): void
}

export interface OutsideState {
  readonly connected: boolean
  /** Why not, in words. */
  readonly detail: string
}

export interface OutsideBroker {
  state(): OutsideState
  /** Takes no more, waits until all that was taken is acknowledged, then disconnects; the session stays. */
  close(): Promise<void>
}

/** How long the broker keeps our session while we are away. */
const SESSION_EXPIRY_S = 7 * 24 * 60 * 60
/** Larger packets are the broker's to refuse; smaller ones beyond `limits.payloadBytes` become dead letters. */
const PACKET_BYTES = 16 * 1024 * 1024
const MOST_RECEIVED = 65_535
const RECONNECT_MS = 1000
const CLOSE_TIMEOUT_MS = 5000
const CLOSE_POLL_MS = 10
/** CONNACK codes of brokers that don't speak version 5 (3.1.1's and 5's own). */
const WRONG_VERSION = [1, 132]

/** mqtt.js sends no PUBACK for a message whose handler failed; ours follows when the message is durable. */
const LATER = new Error('acknowledged later')

/** Connects, and connects again whenever the connection is lost; doesn't wait for it. */
export function connectBroker(options: OutsideOptions): OutsideBroker {
  const { gate, intake } = options
  const topic = makeSensorTopic(options.mqtt.topic)
  const filter = options.mqtt.share ? `$share/${options.mqtt.share}/${topic.filter}` : topic.filter
  let state: OutsideState = { connected: false, detail: `connecting to ${options.mqtt.url}` }
  let client: MqttClient
  /** Of the connection that `acknowledged` names; those of an earlier one are void: the broker sends again. */
  let acks = makeAcks(() => {})
  let acknowledged: MqttClient['stream'] | null = null
  let run: Run | null = null
  let ids: number[] = []
  let closing = false

  function become(next: OutsideState): void {
    if (next.connected === state.connected && next.detail === state.detail) return
    state = next
    options.onState?.(state)
  }

  /** Hands on what came within one turn of the event loop. */
  function endRun(): void {
    if (run === null) return
    const acknowledge = acks.expect(ids)
    run.end((error) => {
      if (!error) acknowledge()
      else if (!closing) client.stream.destroy()
    })
    run = null
    ids = []
  }

  function follow(stream: MqttClient['stream']): void {
    if (run) endRun()
    acknowledged = stream
    acks = makeAcks((durable) => {
      if (!stream.destroyed) stream.write(pubacks(durable))
    })
  }

  function receive(packet: IPublishPacket, next: (error?: Error) => void): void {
    if (closing) {
      next(LATER)
      return
    }
    if (client.stream !== acknowledged) follow(client.stream)
    if (run === null) {
      run = intake.run()
      setImmediate(endRun)
    }
    if (packet.qos > 0 && packet.messageId !== undefined) ids.push(packet.messageId)
    const payload = Buffer.from(packet.payload)
    run.add(packet.topic, topic.asset(packet.topic), payload, payload.length, packet.retain)
    // Without a next the client reads no more.
    if (gate.shut()) gate.wait(() => next(LATER))
    else next(LATER)
  }

  function connect(protocolVersion: 4 | 5): MqttClient {
    const made = mqtt.connect(options.mqtt.url, clientOptions(options, protocolVersion))
    made.handleMessage = receive
    made.on('connect', () => {
      // rh 1: what is retained is no news to a session that exists.
      made.subscribe(filter, { qos: 1, rh: 1 }, (error) => {
        if (error)
          become({
            connected: false,
            detail: `${options.mqtt.url} refuses ${filter}: ${error.message}`,
          })
        else become({ connected: true, detail: `connected to ${options.mqtt.url}` })
      })
    })
    made.on('close', () => become({ connected: false, detail: `no connection to ${options.mqtt.url}` }))
    made.on('error', (error) => {
      become({ connected: false, detail: `${options.mqtt.url}: ${error.message}` })
      const isOld = protocolVersion === 5 && 'code' in error && WRONG_VERSION.includes(Number(error.code))
      if (isOld) made.end(true, () => (client = connect(4)))
    })
    return made
  }

  client = connect(5)
  return {
    state: () => state,
    async close() {
      closing = true
      endRun()
      for (let waitedMs = 0; acks.pending() > 0 && waitedMs < CLOSE_TIMEOUT_MS; waitedMs += CLOSE_POLL_MS) {
        if (!client.connected) break
        await new Promise((resolve) => setTimeout(resolve, CLOSE_POLL_MS))
      }
      await client.endAsync(!client.connected || acks.pending() > 0)
    },
  }
}

function clientOptions({ mqtt: settings, limits }: OutsideOptions, protocolVersion: 4 | 5): IClientOptions {
  const { clientId, username, password } = settings
  return {
    protocolVersion,
    clientId,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    clean: false,
    resubscribe: false,
    reconnectPeriod: RECONNECT_MS,
    reconnectOnConnackError: true,
    ...(protocolVersion === 5
      ? {
          properties: {
            sessionExpiryInterval: SESSION_EXPIRY_S,
            receiveMaximum: Math.min(MOST_RECEIVED, limits.inFlightReadings),
            maximumPacketSize: PACKET_BYTES,
          },
        }
      : {}),
  }
}
