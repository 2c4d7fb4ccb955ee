/**
 * Feature vectors of all windows: in memory while they are few, on disk when they are many, so that training does
 * not need memory for all of its data. Whoever reads them asks for runs of rows and need not know which it is.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Vectors beyond this many bytes go to a temporary file. */
export const VECTORS_IN_MEMORY_BYTES = 128 * 1024 * 1024

/** Most bytes that are written at once. */
const PIECE_BYTES = 4 * 1024 * 1024
const NUMBER_BYTES = Float64Array.BYTES_PER_ELEMENT

/** Row-major [rows × width]; NaN = no value. */
export interface Vectors {
  readonly width: number
  readonly rows: number
  /** Copies rows [from, from + count) to the start of `out`. */
  read(from: number, count: number, out: Float64Array): void
  /** The array itself while it is in memory; null = on disk. */
  readonly array: Float64Array | null
  close(): void
}

export interface VectorWriter {
  add(row: Float64Array): void
  finish(): Vectors
}

export function memoryVectors(array: Float64Array, width: number): Vectors {
  return {
    width,
    rows: array.length / width,
    array,
    read(from, count, out) {
      out.set(array.subarray(from * width, (from + count) * width))
    },
    close() {},
  }
}

/** @param memoryBytes vectors up to this size stay in memory */
export function makeVectorWriter(width: number, memoryBytes = VECTORS_IN_MEMORY_BYTES): VectorWriter {
  const pieceRows = Math.max(1, Math.floor(Math.min(PIECE_BYTES, memoryBytes) / NUMBER_BYTES / width))
  const pieces: Float64Array[] = []
  let rows = 0
  let file: number | null = null

  /** Writes what is full; the pieces before are in the file already. */
  function spill(piece: Float64Array): void {
    file ??= openUnnamed()
    writeWhole(file, piece)
  }

  return {
    add(row) {
      const at = rows % pieceRows
      if (at === 0) {
        const isMuch = rows * width * NUMBER_BYTES >= memoryBytes
        if (isMuch || file !== null) for (const piece of pieces.splice(0)) spill(piece)
        pieces.push(new Float64Array(pieceRows * width))
      }
      pieces[pieces.length - 1]!.set(row, at * width)
      rows++
    },
    finish() {
      if (file === null) return memoryVectors(joined(pieces, rows * width), width)
      const rest = (rows % pieceRows || pieceRows) * width
      for (const piece of pieces.splice(0)) spill(piece.subarray(0, rest))
      return fileVectors(file, width, rows)
    },
  }
}

/** A file without a name: it is gone with the process, however that ends. */
function openUnnamed(): number {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-vectors-'))
  const file = openSync(join(folder, 'vectors.f64'), 'w+')
  rmSync(folder, { recursive: true, force: true })
  return file
}

function writeWhole(file: number, numbers: Float64Array): void {
  const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}

function joined(pieces: readonly Float64Array[], numbers: number): Float64Array {
  const whole = new Float64Array(numbers)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece.subarray(0, Math.min(piece.length, numbers - at)), at)
    at += piece.length
  }
  return whole
}

function fileVectors(file: number, width: number, rows: number): Vectors {
  return {
    width,
    rows,
    array: null,
    read(from, count, out) {
      const bytes = Buffer.from(out.buffer, out.byteOffset, count * width * NUMBER_BYTES)
      const start = from * width * NUMBER_BYTES
      for (let done = 0; done < bytes.length; ) {
        const read = readSync(file, bytes, done, bytes.length - done, start + done)
        if (read === 0) throw new RangeError(`rows ${from} to ${from + count} of ${rows} end too soon`)
        done += read
      }
    },
    close() {
      closeSync(file)
    },
  }
}

/** Rows between which a gap is read over rather than jumped. */
const GAP_ROWS = 8
/** Rows of one run that are held at once. */
const RUN_ROWS = 4096

/**
 * Visits rows in the order given; quick when it ascends.
 * @param visit gets the row's numbers at `at` of an array that is reused, and the row's place in the list
 */
export function visitRows(
  vectors: Vectors,
  rows: Int32Array,
  visit: (numbers: Float64Array, at: number, place: number) => void,
): void {
  const { width, array } = vectors
  if (array) {
    for (let i = 0; i < rows.length; i++) visit(array, rows[i]! * width, i)
    return
  }
  const held = new Float64Array(RUN_ROWS * width)
  for (let i = 0; i < rows.length; ) {
    const from = rows[i]!
    let next = i + 1
    while (next < rows.length && continues(rows[next - 1]!, rows[next]!, from)) next++
    vectors.read(from, rows[next - 1]! - from + 1, held)
    for (; i < next; i++) visit(held, (rows[i]! - from) * width, i)
  }
}

function continues(before: number, row: number, from: number): boolean {
  return row >= before && row - before <= GAP_ROWS && row - from < RUN_ROWS
}
