/**
 * Compression of Kafka's record batches. All four that Kafka knows are read: kafkajs alone knows gzip, and a batch of
 * another producer then stops its consumer for good, in silence. Written: none, gzip, and zstd where Node has it.
 */
import zlib from 'node:zlib'
import { decompress as decompressZstd } from 'fzstd'
import type { KafkaCompression } from '../config/settings.ts'
import { failure } from '../core/errors.ts'
import { decompressLz4 } from './kafka-lz4.ts'
import { decompressSnappy } from './kafka-snappy.ts'

/** Largest content of a batch: a small batch may unfold into more than memory holds. */
export const MOST_CONTENT_BYTES = 256 * 1024 * 1024

/** Numbers of the codecs in a batch's attributes. */
const CODEC = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

/** Speed counts more than the last percent. */
const GZIP_LEVEL = 3

type Zstd = (bytes: Buffer, options?: { maxOutputLength?: number }) => Buffer

/** Node has them from 22.15 on. */
const zstd: Pick<typeof zlib, 'gzipSync'> & { zstdCompressSync?: Zstd; zstdDecompressSync?: Zstd } = zlib

/**
 * @param codec number from the batch's attributes
 * @throws failure 'input' for a codec that is not known, an error for damaged bytes
 */
export function decompress(codec: number, bytes: Buffer): Buffer {
  switch (codec) {
    case CODEC.none:
      return bytes
    case CODEC.gzip:
      return zlib.gunzipSync(bytes, { maxOutputLength: MOST_CONTENT_BYTES })
    case CODEC.snappy:
      return decompressSnappy(bytes, MOST_CONTENT_BYTES)
    case CODEC.lz4:
      return decompressLz4(bytes, MOST_CONTENT_BYTES)
    case CODEC.zstd:
      return zstd.zstdDecompressSync
        ? zstd.zstdDecompressSync(bytes, { maxOutputLength: MOST_CONTENT_BYTES })
        : asBuffer(decompressZstd(bytes))
    default:
      throw failure('input', `a batch is compressed with codec ${codec}, which this program does not know`)
  }
}

/** @returns number for the batch's attributes, and the bytes; those as they are where compression gains nothing */
export function compress(
  compression: KafkaCompression,
  bytes: Buffer,
): { readonly codec: number; readonly bytes: Buffer } {
  if (compression === 'none') return { codec: CODEC.none, bytes }
  const packed =
    compression === 'gzip' ? zlib.gzipSync(bytes, { level: GZIP_LEVEL }) : zstd.zstdCompressSync?.(bytes)
  return packed === undefined || packed.length >= bytes.length
    ? { codec: CODEC.none, bytes }
    : { codec: CODEC[compression], bytes: packed }
}

/** @throws failure 'config' when this Node can't write the compression */
export function checkCompression(compression: KafkaCompression): void {
  if (compression !== 'zstd' || zstd.zstdCompressSync) return
  throw failure(
    'config',
    `log.kafka.compression: zstd is wrong; Node ${process.versions.node} can't write it, Node 22.15 can. Use gzip or none`,
  )
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
