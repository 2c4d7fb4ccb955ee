/**
 * One owner per data folder. The owner listens on a local socket beside the log and notes it in the log: the
 * kernel closes the socket when the process ends, however it ends, so a dead owner never blocks, and a live
 * one is found across containers, where process ids repeat. Two that find a dead owner at once are told
 * apart by a transaction that only one of them can be in.
 */
import { createHash, randomUUID } from 'node:crypto'
import { unlinkSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve as resolvePath } from 'node:path'
import { failure, messageOf } from '../core/errors.ts'
import type { LmdbEnv } from './lmdb-env.ts'

/** Longest path of a local socket that all systems take. */
const MOST_PATH_BYTES = 100
/** Attempts to become the owner while others do the same. */
const MOST_ATTEMPTS = 20
/** A socket that takes longer to answer belongs to a process that is alive but busy. */
const ANSWER_MS = 2000

const OWNER_KEY = Buffer.from('owner')

interface Owner {
  readonly pid: number
  /** File name within the data folder, which may have another path for others; else a whole path. */
  readonly socket: string
}

export interface Ownership {
  /** Lets go. */
  release(): Promise<void>
}

/**
 * Becomes the owner of a data folder, or fails with `log-locked`.
 * @param dir the data folder, for the socket and for messages
 */
export async function own(env: LmdbEnv, dir: string): Promise<Ownership> {
  const { server, socket } = await listen(dir)
  const self: Owner = { pid: process.pid, socket }
  try {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const seen = readOwner(env)
      if (seen !== null && (await answers(resolvePath(dir, seen.socket)))) throw locked(dir, seen)
      if (!claim(env, seen, self)) continue
      if (seen !== null) removeSocket(resolvePath(dir, seen.socket))
      return { release: () => close(server) }
    }
    throw failure('log-locked', `the log in ${dir} is being opened by others at the same time: try again`)
  } catch (error) {
    await close(server)
    throw error
  }
}

function locked(dir: string, owner: Owner) {
  return failure(
    'log-locked',
    `the log in ${dir} is in use by process ${owner.pid}: stop it, or choose another folder (log.dir)`,
  )
}

/** Puts `self` in the place of `seen`; false when somebody else has come in between. */
function claim(env: LmdbEnv, seen: Owner | null, self: Owner): boolean {
  return env.exclusively((put) => {
    if (readOwner(env)?.socket !== seen?.socket) return false
    put('meta', OWNER_KEY, Buffer.from(JSON.stringify(self)))
    return true
  })
}

function readOwner(env: LmdbEnv): Owner | null {
  const bytes = env.get('meta', OWNER_KEY)
  if (bytes === null) return null
  const { pid, socket }: { pid?: unknown; socket?: unknown } = JSON.parse(bytes.toString())
  return { pid: typeof pid === 'number' ? pid : 0, socket: typeof socket === 'string' ? socket : '' }
}

/** Is somebody listening there? */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const tell = (alive: boolean) => {
      socket.destroy()
      resolve(alive)
    }
    socket.setTimeout(ANSWER_MS, () => tell(true))
    socket.once('connect', () => tell(true))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      tell(error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED')
    })
  })
}

/** Listens beside the log, or, where that is impossible, in the folder for temporary files. */
async function listen(dir: string): Promise<{ server: Server; socket: string }> {
  const name = `owner-${process.pid}-${randomUUID().slice(0, 8)}.sock`
  const tag = createHash('sha256').update(resolvePath(dir)).digest('hex').slice(0, 12)
  const unix = [name, join(tmpdir(), `forewarn-${tag}-${name}`)]
  const sockets = process.platform === 'win32' ? [`\\\\.\\pipe\\forewarn-${tag}-${name}`] : unix
  let problem: unknown = new Error('the path of the folder is too long')
  for (const socket of sockets) {
    const path = resolvePath(dir, socket)
    if (Buffer.byteLength(path) > MOST_PATH_BYTES) continue
    try {
      return { server: await listenAt(path), socket }
    } catch (error) {
      problem = error
    }
  }
  throw failure(
    'log-unavailable',
    `the log in ${dir} can't be locked, no local socket can be made: ${messageOf(problem)}`,
    problem,
  )
}

function listenAt(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(path, () => resolve(server.unref()))
  })
}

/** Stops listening; Node removes the socket's file as well. The note in the log then names a dead owner. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

/** Removes the file that a dead owner left behind; it does no harm when it can't be removed. */
function removeSocket(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch {
    return false
  }
}
