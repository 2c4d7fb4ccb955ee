/**
 * The other end of the wire: reads the requests that the adapter writes itself (Produce 7, Fetch 11, Metadata 6) and
 * writes their answers, byte for byte as brokers do. What kafkajs encodes is handed over as objects.
 */

export interface ProduceAsked {
  readonly transactionalId: string | null
  readonly batches: readonly { readonly topic: string; readonly partition: number; readonly bytes: Buffer }[]
}

export interface ProduceAnswer {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly baseOffset: number
}

export function readProduce(body: Buffer): ProduceAsked {
  const reader = readerOf(body)
  const transactionalId = reader.text()
  reader.skip(6)
  const batches: ProduceAsked['batches'][number][] = []
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.text() ?? ''
    for (let partitions = reader.int32(); partitions > 0; partitions--) {
      const partition = reader.int32()
      batches.push({ topic, partition, bytes: reader.bytes(reader.int32()) })
    }
  }
  return { transactionalId, batches }
}

export function writeProduced(answers: readonly ProduceAnswer[]): Buffer {
  const topics = [...new Set(answers.map(({ topic }) => topic))]
  const parts = [int32(topics.length)]
  for (const topic of topics) {
    const ofTopic = answers.filter((answer) => answer.topic === topic)
    parts.push(text(topic), int32(ofTopic.length))
    for (const { partition, errorCode, baseOffset } of ofTopic) {
      parts.push(int32(partition), int16(errorCode), int64(baseOffset), int64(-1), int64(0))
    }
  }
  return Buffer.concat([...parts, int32(0)])
}

export interface FetchAsked {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly maxWaitMs: number
}

export function readFetch(body: Buffer): FetchAsked {
  const reader = readerOf(body)
  reader.skip(4)
  const maxWaitMs = reader.int32()
  reader.skip(21)
  const topic = reader.text() ?? ''
  reader.skip(4)
  const partition = reader.int32()
  reader.skip(4)
  return { topic, partition, offset: reader.int64(), maxWaitMs }
}

export interface FetchAnswer {
  readonly errorCode: number
  readonly end: number
  readonly stable: number
  readonly start: number
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: number }[]
  readonly bytes: Buffer
}

export function writeFetched({ topic, partition }: FetchAsked, answer: FetchAnswer): Buffer {
  const { errorCode, end, stable, start, aborted, bytes } = answer
  const head = [int32(0), int16(0), int32(0), int32(1), text(topic), int32(1)]
  const of = [
    int32(partition),
    int16(errorCode),
    int64(end),
    int64(stable),
    int64(start),
    int32(aborted.length),
  ]
  const gone = aborted.flatMap(({ producerId, firstOffset }) => [int64(producerId), int64(firstOffset)])
  return Buffer.concat([...head, ...of, ...gone, int32(-1), int32(bytes.length), bytes])
}

export interface MetadataAnswer {
  readonly nodes: readonly number[]
  readonly topics: readonly {
    readonly topic: string
    readonly errorCode: number
    readonly leaders: readonly number[]
  }[]
}

export function readMetadata(body: Buffer): readonly string[] {
  const reader = readerOf(body)
  return Array.from({ length: reader.int32() }, () => reader.text() ?? '')
}

export function writeMetadata({ nodes, topics }: MetadataAnswer): Buffer {
  const parts = [int32(0), int32(nodes.length)]
  for (const node of nodes) parts.push(int32(node), text(`broker-${node}`), int32(9092), text(null))
  parts.push(text('simulated'), int32(nodes[0] ?? 0), int32(topics.length))
  for (const { topic, errorCode, leaders } of topics) {
    parts.push(int16(errorCode), text(topic), Buffer.from([0]), int32(leaders.length))
    leaders.forEach((leader, partition) => {
      parts.push(int16(0), int32(partition), int32(leader), int32(0), int32(0), int32(0))
    })
  }
  return Buffer.concat(parts)
}

function readerOf(body: Buffer) {
  let at = 0
  const reader = {
    skip(count: number): void {
      at += count
    },
    bytes(count: number): Buffer {
      at += count
      return body.subarray(at - count, at)
    },
    int16: () => reader.bytes(2).readInt16BE(),
    int32: () => reader.bytes(4).readInt32BE(),
    int64: () => Number(reader.bytes(8).readBigInt64BE()),
    text(): string | null {
      const length = reader.int16()
      return length < 0 ? null : reader.bytes(length).toString()
    },
  }
  return reader
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

function int64(value: number | bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}
