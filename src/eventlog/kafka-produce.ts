/**
 * Sends encoded batches to the leaders of their partitions and again until each is answered: the same bytes with the
 * same sequence numbers, so that a broker that has a batch already says so instead of writing it twice. (kafkajs takes
 * sequence numbers back after an error and gives them to other records, which the broker then drops: measured.)
 */
import { failure } from '../core/errors.ts'
import { type KafkaClient, pause } from './kafka-client.ts'
import { isPassing, typeOf } from './kafka-errors.ts'
import type { WireBroker, WireRequest } from './kafka-protocol.ts'
import { wireError } from './kafka-wire.ts'
import { type BackOff, backOffMs } from './scheduler.ts'

const PRODUCE_KEY = 0
/** The last that takes batches as they are since Kafka 2.1. */
const PRODUCE_VERSION = 7
const ALL_IN_SYNC = -1
const RETRY: BackOff = { firstMs: 5, mostMs: 500 }

/** One batch for one partition. */
export interface Sending {
  readonly topic: string
  readonly partition: number
  readonly bytes: Buffer
}

export interface SendOptions {
  /** `null` outside of a transaction. */
  readonly transactionalId: string | null
  /** Offset of the first record of each batch that is written; noted as answers come. */
  readonly written: Map<Sending, number>
  /** An attempt failed: true to try again with what is not written yet. */
  tryAgain(error: unknown): boolean
}

/** What a partition answered. */
interface Answer {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly baseOffset: number
}

/**
 * Sends at most one batch for each partition, until all are written.
 * @throws the error of the last attempt; batches that are not noted in `written` may have been written all the same
 */
export async function sendAll(
  client: KafkaClient,
  batches: readonly Sending[],
  options: SendOptions,
): Promise<void> {
  for (let failures = 0; ; failures++) {
    const waiting = batches.filter((batch) => !options.written.has(batch))
    if (waiting.length === 0) return
    const error = await attempt(client, waiting, options)
    if (error === null) continue
    client.forget()
    if (!options.tryAgain(error)) throw error
    await pause(client.scheduler, backOffMs(RETRY, failures))
  }
}

/** Sends each leader its batches. Notes what was written; answers the gravest error. */
async function attempt(
  client: KafkaClient,
  batches: readonly Sending[],
  { transactionalId, written }: SendOptions,
): Promise<unknown> {
  const errors: unknown[] = []
  const byLeader = new Map<WireBroker, Sending[]>()
  for (const batch of batches) {
    try {
      const leader = await client.leader(batch.topic, batch.partition)
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), batch])
    } catch (error) {
      errors.push(error)
    }
  }
  await Promise.all(
    [...byLeader].map(async ([leader, sent]) => {
      try {
        const request = produceRequest(sent, transactionalId, client.settings.requestTimeoutMs)
        noteAnswers(sent, await leader.connectionPool.send(request), written, errors)
      } catch (error) {
        errors.push(error)
      }
    }),
  )
  return errors.find((error) => !isPassing(error)) ?? errors[0] ?? null
}

function noteAnswers(
  sent: readonly Sending[],
  answers: readonly Answer[],
  written: Map<Sending, number>,
  errors: unknown[],
): void {
  for (const batch of sent) {
    const answer = answers.find(
      ({ topic, partition }) => topic === batch.topic && partition === batch.partition,
    )
    if (answer === undefined) {
      throw failure('unavailable', `Kafka did not answer for ${batch.topic}/${batch.partition}`)
    }
    const error = answer.errorCode === 0 ? null : wireError(answer.errorCode)
    if (error === null || typeOf(error) === 'DUPLICATE_SEQUENCE_NUMBER') written.set(batch, answer.baseOffset)
    else errors.push(Object.assign(error, { topic: batch.topic }))
  }
}

function produceRequest(
  batches: readonly Sending[],
  transactionalId: string | null,
  timeoutMs: number,
): WireRequest<readonly Answer[]> {
  const body = encodeProduce(batches, transactionalId, timeoutMs)
  return {
    request: {
      apiKey: PRODUCE_KEY,
      apiVersion: PRODUCE_VERSION,
      apiName: 'Produce',
      encode: async () => ({ buf: body, buffer: body }),
    },
    response: { decode: async (bytes) => decodeProduced(bytes), parse: async (answers) => answers },
  }
}

/**
 * text transactional id | i16 acks | i32 timeout | i32 topics × { text name | i32 partitions × { i32 partition |
 * i32 bytes, batch } }, where text is i16 bytes (-1: none) and UTF-8
 */
function encodeProduce(
  batches: readonly Sending[],
  transactionalId: string | null,
  timeoutMs: number,
): Buffer {
  const topics = [...new Set(batches.map(({ topic }) => topic))]
  const parts = [text(transactionalId), int16(ALL_IN_SYNC), int32(timeoutMs), int32(topics.length)]
  for (const topic of topics) {
    const ofTopic = batches.filter((batch) => batch.topic === topic)
    parts.push(text(topic), int32(ofTopic.length))
    for (const { partition, bytes } of ofTopic) parts.push(int32(partition), int32(bytes.length), bytes)
  }
  return Buffer.concat(parts)
}

function text(value: string | null): Buffer {
  return value === null ? int16(-1) : Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
}

function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

/**
 * i32 topics × { text name | i32 partitions × { i32 partition | i16 error | i64 base offset | i64 append time |
 * i64 log start } } | i32 throttle
 */
function decodeProduced(bytes: Buffer): readonly Answer[] {
  const answers: Answer[] = []
  let at = 4
  for (let topics = bytes.readInt32BE(0); topics > 0; topics--) {
    const nameEnd = at + 2 + bytes.readInt16BE(at)
    const topic = bytes.toString('utf8', at + 2, nameEnd)
    at = nameEnd + 4
    for (let partitions = bytes.readInt32BE(nameEnd); partitions > 0; partitions--, at += 30) {
      answers.push({
        topic,
        partition: bytes.readInt32BE(at),
        errorCode: bytes.readInt16BE(at + 4),
        baseOffset: Number(bytes.readBigInt64BE(at + 6)),
      })
    }
  }
  return answers
}
