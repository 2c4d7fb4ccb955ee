/** Files of readings (CSV or JSON Lines, gzipped or not) → readings, file after file, as a map says. */
import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { failure, messageOf } from '../core/errors.ts'
import { readCsv } from './csv.ts'
import { readJsonl } from './jsonl.ts'
import { defaultMap, parseMap, type RecordingMap } from './map.ts'
import type { RecordedReading } from './rows.ts'

/** @throws Failure `config` that names the key and what would be right, `input` when there is no such file */
export async function readMap(file: string): Promise<RecordingMap> {
  try {
    return parseMap(await readFile(file, 'utf8'), file)
  } catch (error) {
    throw missing(file, error)
  }
}

/**
 * @param map null: by each file's name, see `defaultMap`
 * @param passedOver told of each record of a log that carries no reading
 * @yields readings in the order of the files; `inTimeOrder` plays several assets at once
 * @throws Failure `input` that names file, row and column
 */
export async function* readRecording(
  files: readonly string[],
  map: RecordingMap | null,
  passedOver?: () => void,
): AsyncGenerator<RecordedReading> {
  for (const file of files) {
    const how = map ?? defaultMap(file)
    const name = basename(file)
      .replace(/\.gz$/i, '')
      .replace(/\.[^.]+$/, '')
    try {
      const bytes = await openFile(file)
      yield* how.format === 'csv' ? readCsv(bytes, how, name) : readJsonl(bytes, how, name, passedOver)
    } catch (error) {
      throw missing(file, failure('input', `${file}, ${messageOf(error)}`, error))
    }
  }
}

/** Unpacked if need be: what the bytes say counts, not the name. */
async function openFile(file: string): Promise<Readable> {
  const handle = await open(file)
  const start = await handle.read(Buffer.alloc(2), 0, 2, 0)
  await handle.close()
  const bytes = createReadStream(file)
  const isGzip = start.bytesRead === 2 && start.buffer.readUInt16BE() === 0x1f8b
  if (!isGzip) return bytes
  const unpacked = createGunzip()
  bytes.on('error', (error) => unpacked.destroy(error))
  return bytes.pipe(unpacked)
}

function missing(file: string, error: unknown): unknown {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === 'ENOENT' ? failure('input', `no such file: ${file}`, error) : error
}
