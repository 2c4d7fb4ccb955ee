/**
 * The bytes of a snapshot: MessagePack with a version in each record, and the assets of a partition in chunks. `state.ts`
 * says what is in them.
 */
import { Packr } from 'msgpackr'
import type { AssetState } from './asset.ts'
import { failure } from './errors.ts'
import { makePool, poolOf } from './number-pool.ts'
import type { Partition } from './partition.ts'
import { numberBytes, type PackedAsset, type StoredAsset, storeAsset, unpacked } from './stored-asset.ts'

/**
 * Rises when the bytes change; older ones are still read. 2: windows with their ends, runs of counted windows, the normal of
 * all statistics. 3: the numbers of a chunk in pools.
 */
export const STATE_VERSION = 3
/** A chunk is full at so many states, or at so many bytes of numbers in them: logs limit a record's size. */
const CHUNK_STATES = 64
const CHUNK_BYTES = 512 * 1024

interface Chunk {
  readonly version: number
  readonly assets: readonly PackedAsset[]
  /** Of the assets, one after another (`number-pool.ts`). */
  readonly numbers: Float64Array
  readonly normals: Float64Array
}

/** Up to version 2 each array stood where its count stands now. */
interface OldChunk {
  readonly version: number
  readonly assets: readonly StoredAsset[]
  readonly numbers?: undefined
}

const packr = new Packr({ moreTypes: true, useRecords: false, largeBigIntToFloat: true })

/** @param value a record of the state; it carries its version */
export function pack<T extends { readonly version: number }>(value: T): Uint8Array {
  return packr.pack(value)
}

/** @throws failure 'log-version' when a newer program wrote it */
export function unpack<T extends { readonly version: number }>(bytes: Uint8Array): T {
  return checked(packr.unpack(bytes) as T)
}

function checked<T extends { readonly version: number }>(stored: T): T {
  if (stored.version > STATE_VERSION) {
    throw failure(
      'log-version',
      `the state was written by a newer version (${stored.version}, this program reads up to ${STATE_VERSION}); update Forewarn`,
    )
  }
  return stored
}

/** The assets of a partition, in the order in which it knows them. */
export function encodeChunks(partition: Partition): Uint8Array[] {
  return chunksOf([...partition.assets.values()].flat()).map((states) => {
    const pool = makePool(states)
    const assets = states.map((state) => storeAsset(partition, state, pool))
    const { numbers, normals } = pool
    return pack<Chunk>({ version: STATE_VERSION, assets, numbers, normals })
  })
}

/** States that go into one record. */
function chunksOf(states: readonly AssetState[]): AssetState[][] {
  const chunks: AssetState[][] = []
  let chunk: AssetState[] = []
  let bytes = 0
  for (const state of states) {
    const more = numberBytes(state)
    if (chunk.length > 0 && (chunk.length === CHUNK_STATES || bytes + more > CHUNK_BYTES)) {
      chunks.push(chunk)
      chunk = []
      bytes = 0
    }
    chunk.push(state)
    bytes += more
  }
  if (chunk.length > 0) chunks.push(chunk)
  return chunks
}

/** Takes the chunks out of `records` as it goes: many assets would stand in memory twice. */
export function* storedAssets(records: Map<string, Uint8Array>, chunks: number): Generator<StoredAsset> {
  for (let i = 0; i < chunks; i++) {
    const key = `chunk/${i}`
    const bytes = records.get(key)
    if (!bytes) {
      throw failure('log-version', `state chunk ${i} of ${chunks} is missing; the state topic is damaged`)
    }
    records.delete(key)
    const chunk = unpack<Chunk | OldChunk>(bytes)
    if (chunk.numbers === undefined) yield* chunk.assets
    else {
      const pool = poolOf(chunk.numbers, chunk.normals)
      for (const packed of chunk.assets) yield unpacked(packed, pool)
    }
  }
}
