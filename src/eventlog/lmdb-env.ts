/**
 * The LMDB environment of a data folder: three tables of bytes, one atomic durable write, one kind of error.
 * The only file that knows lmdb-js and its quirks (decision 0003 has the reasons for the options).
 */
import { statfs } from 'node:fs/promises'
import { type Database, open, type RootDatabase } from 'lmdb'
import { failure, messageOf } from '../core/errors.ts'

/**
 * Address space set aside for the file, so that it grows without being mapped anew under readers. It is
 * neither memory nor disk. LMDB raises it by itself beyond this.
 */
const MAP_BYTES = 64 * 1024 ** 3
/** Below this much free room a failed write is put down to a full disk. */
const FULL_DISK_BYTES = 16 * 1024 * 1024

/** `log`: batches · `latest`: key → offset of compacted topics · `meta`: topics, ends, groups, owner. */
export type TableName = 'log' | 'latest' | 'meta'

/** One change of a transaction; `null` removes. */
export interface Change {
  readonly table: TableName
  readonly key: Buffer
  readonly value: Buffer | null
}

export interface Entry {
  readonly key: Buffer
  readonly value: Buffer
}

export interface LmdbEnv {
  get(table: TableName, key: Buffer): Buffer | null
  /** Entries with key in [start, end), in order. Values are copies. */
  range(table: TableName, start: Buffer, end: Buffer): Iterable<Entry>
  /** The least key in [start, end). */
  firstKey(table: TableName, start: Buffer, end: Buffer): Buffer | null
  /** The greatest key in [floor, key]. */
  keyAtOrBefore(table: TableName, key: Buffer, floor: Buffer): Buffer | null
  /** All changes or none; resolves when they are on disk, else rejects with `log-unavailable`. */
  write(changes: readonly Change[]): Promise<void>
  /** Runs alone among all processes that have the folder open. For rare, small work: it blocks. */
  exclusively<T>(work: (put: (table: TableName, key: Buffer, value: Buffer | null) => void) => T): T
  /** Room that the batches take in the file. */
  sizeBytes(): number
  /** Lets the next read see what other processes have written. */
  refresh(): void
  close(): Promise<void>
}

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const

/**
 * Opens or makes the environment.
 * @param dir folder of the LMDB files
 * @param readOnly nothing is written; fails with `not-found` when there is no log
 */
export async function openEnv(dir: string, readOnly: boolean): Promise<LmdbEnv> {
  const root = openRoot(dir, readOnly)
  try {
    return envOf(dir, root)
  } catch (error) {
    await root.close()
    throw error
  }
}

function envOf(dir: string, root: RootDatabase<Buffer, Buffer>): LmdbEnv {
  const tables = { log: table(root, 'log'), latest: table(root, 'latest'), meta: table(root, 'meta') }
  const change = ({ table: name, key, value }: Change) =>
    value === null ? tables[name].remove(key) : tables[name].put(key, value)
  return {
    get: (name, key) => plain(tables[name].get(key)),
    *range(name, start, end) {
      for (const { key, value } of tables[name].getRange({ start, end })) {
        yield { key: plain(key), value: plain(value) }
      }
    },
    firstKey(name, start, end) {
      for (const found of tables[name].getKeys({ start, end, limit: 1 })) return plain(found)
      return null
    },
    keyAtOrBefore(name, key, floor) {
      // The end is exclusive; cut short it sorts before the floor itself.
      const end = floor.subarray(0, -1)
      for (const found of tables[name].getKeys({ start: key, end, reverse: true, limit: 1 }))
        return plain(found)
      return null
    },
    async write(changes) {
      const written = tables.log.batch(() => {
        for (const one of changes) change(one)
      })
      await written.catch((error: unknown) => unavailable(dir, error))
    },
    exclusively(work) {
      try {
        return root.transactionSync(() =>
          work((name, key, value) => void change({ table: name, key, value })),
        )
      } catch (error) {
        throw failure('log-unavailable', `the log in ${dir} can't be written: ${messageOf(error)}`, error)
      }
    },
    sizeBytes: () => usedBytes(tables.log.getStats()),
    refresh: () => root.resetReadTxn(),
    close: () => root.close(),
  }
}

function openRoot(dir: string, readOnly: boolean): RootDatabase<Buffer, Buffer> {
  try {
    return open<Buffer, Buffer>({
      path: dir,
      noSubdir: false,
      ...BINARY,
      // A commit is durable before it is visible, and a failed one has written nothing. With overlapping
      // syncs a write that fails late leaves promises pending for ever.
      overlappingSync: false,
      // A transaction starts at once; `batch` keeps its changes together.
      eventTurnBatching: false,
      readOnly,
      ...(process.platform === 'win32' ? {} : { mapSize: MAP_BYTES }),
    })
  } catch (error) {
    throw failure('log-unavailable', `the log in ${dir} can't be opened: ${messageOf(error)}`, error)
  }
}

/** In read-only mode a table that is not there yet is not made. */
function table(root: RootDatabase<Buffer, Buffer>, name: TableName): Database<Buffer, Buffer> {
  const found: Database<Buffer, Buffer> | undefined = root.openDB<Buffer, Buffer>({ name, ...BINARY })
  if (found !== undefined) return found
  throw failure('not-found', 'the log is being made just now: try again')
}

/** lmdb-js hands out buffers with a length of their own; this is the same memory as an ordinary one. */
function plain<T extends Buffer | undefined>(bytes: T): T extends undefined ? null : Buffer
function plain(bytes: Buffer | undefined): Buffer | null {
  return bytes === undefined ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

async function unavailable(dir: string, error: unknown): Promise<never> {
  const cause = await causeOf(error)
  const free = await freeBytes(dir)
  const why =
    free !== null && free < FULL_DISK_BYTES
      ? `the disk is full (${free} bytes free): make room`
      : messageOf(cause)
  throw failure('log-unavailable', `the log in ${dir} can't be written: ${why}`, cause)
}

/** Free room on the disk of a folder, `null` when the folder can't be asked any more. */
async function freeBytes(dir: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(dir)
    return bavail * bsize
  } catch {
    return null
  }
}

/** The reason of a failed commit is a second rejection, which ends the process when nobody takes it. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  const { commitError } = error
  try {
    await commitError
  } catch (cause) {
    return cause
  }
  return error
}

function usedBytes(stats: object): number {
  const read = (name: string): number => {
    const value: unknown = Reflect.get(stats, name)
    return typeof value === 'number' ? value : 0
  }
  const pages = read('treeBranchPageCount') + read('treeLeafPageCount') + read('overflowPages')
  return pages * read('pageSize')
}
