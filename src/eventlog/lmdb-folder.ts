/**
 * The data folder of the embedded log: `forewarn-log.json` says what wrote it and how it is partitioned,
 * `log/` holds the LMDB files, `owner-*.sock` is its lock (lmdb-owner.ts).
 */
import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { failure, messageOf } from '../core/errors.ts'

/** Raised when older programs can't read the folder any more. */
export const FOLDER_FORMAT = 1

const VERSION_FILE = 'forewarn-log.json'

export interface Folder {
  readonly format: number
  readonly partitions: number
}

/** Where LMDB keeps its files. */
export function envDir(dir: string): string {
  return join(dir, 'log')
}

/**
 * Reads what the folder says of itself; `null` when there is no log in it.
 * Fails with `log-version` for a newer format or a damaged file.
 */
export function readFolder(dir: string): Folder | null {
  const file = join(dir, VERSION_FILE)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw failure('log-unavailable', `the log's ${file} can't be read: ${messageOf(error)}`, error)
  }
  const { format, partitions } = parse(text)
  if (typeof format !== 'number' || typeof partitions !== 'number') {
    throw failure('log-version', `${file} is damaged: it must be {"format": …, "partitions": …}`)
  }
  if (format > FOLDER_FORMAT) {
    throw failure(
      'log-version',
      `the log in ${dir} has format ${format}, this program reads up to ${FOLDER_FORMAT}: use the newer program that wrote it, or another folder (log.dir)`,
    )
  }
  return { format, partitions }
}

/** Fails with `config` when the log was made with another count of partitions: keys would change places. */
export function checkPartitions(dir: string, folder: Folder, partitions: number): void {
  if (folder.partitions === partitions) return
  throw failure(
    'config',
    `the log in ${dir} has ${folder.partitions} partitions and log.partitions says ${partitions}: set log.partitions to ${folder.partitions}, or start a new log in another folder (log.dir)`,
  )
}

/** Makes the folder. */
export function makeFolder(dir: string): void {
  try {
    mkdirSync(envDir(dir), { recursive: true })
  } catch (error) {
    throw failure('log-unavailable', `the data folder ${dir} can't be made: ${messageOf(error)}`, error)
  }
}

/** Writes what the folder says of itself, durably and all at once. */
export function writeFolder(dir: string, folder: Folder): void {
  const draft = join(dir, `${VERSION_FILE}.${randomUUID()}`)
  try {
    const file = openSync(draft, 'w')
    writeSync(file, `${JSON.stringify(folder)}\n`)
    fsyncSync(file)
    closeSync(file)
    renameSync(draft, join(dir, VERSION_FILE))
    // The names of new files and folders are durable only when their folders are.
    for (const folder of [envDir(dir), dir, dirname(resolve(dir))]) syncDir(folder)
  } catch (error) {
    throw failure('log-unavailable', `the data folder ${dir} can't be written: ${messageOf(error)}`, error)
  }
}

function syncDir(dir: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(dir, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

function parse(text: string): { format?: unknown; partitions?: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
