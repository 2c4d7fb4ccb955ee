/**
 * Alerts as retained MQTT messages on `alerts/{asset}/{rule}`: the alert as it stands, or an empty payload
 * once it is over. Follows `alert-states`, at least once; when a process first takes a partition its open alerts
 * are published again, because an embedded broker forgets what it retained. Several engines divide the partitions,
 * so that none publishes an alert that another has seen ended. Last stage of the flow.
 */
import type { Batch, Effects, EventLog, Follower, LogRecord, Processor } from '../core/ports.ts'
import type { TopicNames } from '../core/topics.ts'

/** Publishes to MQTT; resolves when the broker has it. */
export type PublishMessage = (
  topic: string,
  payload: Uint8Array,
  options: { readonly qos: 0 | 1; readonly retain: boolean },
) => Promise<void>

export interface MqttSinkOptions {
  readonly log: EventLog
  readonly topics: Pick<TopicNames, 'alert-states'>
  /** Consumer group of the engine; the sink's is named after it. */
  readonly group: string
  /** MQTT topic with `{asset}` and `{rule}`. */
  readonly topic: string
  readonly publish: PublishMessage
  /** A batch could not be published; it is tried again. */
  onError?(error: Error): void
}

export interface MqttSink {
  /** Records of `alert-states` not published yet. */
  lag(): Promise<number>
  stop(): Promise<void>
}

/** Open alerts gathered at start before they are published; more go out in several rounds. */
const OPEN_ALERTS = 100_000
const NOTHING = new Uint8Array(0)
const decoder = new TextDecoder()

/** Follows; a partition begins with its open alerts. */
export function startMqttSink(options: MqttSinkOptions): MqttSink {
  const begun = new Set<number>()
  const follower: Follower = options.log.follow({
    topic: options.topics['alert-states'],
    group: `${options.group}-mqtt-sink`,
    from: 'start',
    open: (partition) => makeProcessor(options, partition, begun),
    onError: (error) => options.onError?.(error),
  })
  return {
    async lag() {
      let lag = 0
      for (const records of (await follower.lag()).values()) lag += records
      return lag
    },
    stop: () => follower.stop(),
  }
}

/** @param begun partitions whose open alerts this process has published */
function makeProcessor(options: MqttSinkOptions, partition: number, begun: Set<number>): Processor {
  return {
    async restore(_state, committed) {
      if (!begun.has(partition)) await publishOpenAlerts(options, partition, committed)
      begun.add(partition)
      return committed
    },
    async process(batch: Batch): Promise<Effects> {
      // Only the last state of an alert in a batch is worth a message.
      const latest = new Map<string | null, LogRecord>()
      for (const record of batch.records) latest.set(record.key, record)
      for (const record of latest.values()) await publishState(options, record, openAlert(record))
      return { emit: [], state: [], keepFrom: batch.nextOffset }
    },
    close: async () => {},
  }
}

/** As they stood at the committed position: what came after it follows in its order. */
async function publishOpenAlerts(
  options: MqttSinkOptions,
  partition: number,
  committed: number,
): Promise<void> {
  const topic = options.topics['alert-states']
  const open = new Map<string, LogRecord>()
  let published = false
  const publishAll = async () => {
    for (const record of open.values()) await publishState(options, record, record.value)
    open.clear()
    published = true
  }
  for await (const records of options.log.read(topic, partition, 0, committed)) {
    for (const record of records) {
      if (record.key === null) continue
      const wasOpen = open.delete(record.key)
      if (openAlert(record)) open.set(record.key, record)
      else if (!wasOpen && published) await publishState(options, record, null)
    }
    if (open.size >= OPEN_ALERTS) await publishAll()
  }
  await publishAll()
}

/** @returns the alert's JSON; null when it is over */
function openAlert({ value }: LogRecord): Uint8Array | null {
  if (value === null) return null
  const alert: unknown = JSON.parse(decoder.decode(value))
  const isClosed = typeof alert === 'object' && alert !== null && 'state' in alert && alert.state === 'closed'
  return isClosed ? null : value
}

async function publishState(
  { topic, publish }: MqttSinkOptions,
  { key }: LogRecord,
  alert: Uint8Array | null,
): Promise<void> {
  // Neither asset ids nor names of rules hold a slash.
  const [asset, rule] = (key ?? '').split('/')
  if (!asset || !rule) return
  const name = topic.replace('{asset}', asset).replace('{rule}', rule)
  await publish(name, alert ?? NOTHING, { qos: 1, retain: true })
}
