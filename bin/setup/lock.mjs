// @ts-check
/**
 * One set-up at a time: two programs started together must not both run `npm ci` in one folder or fill one cache.
 * The lock is a file with its owner's process id, touched while the owner lives; a lock whose owner is gone, or
 * that nobody touched for long (another container's process id means nothing here), is taken over.
 */
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { say } from './progress.mjs'

const POLL_MS = 200
const TOUCH_MS = 2_000
const ABANDONED_MS = 30_000

/**
 * @template T
 * @param {string} path the lock's file
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(path, work) {
  mkdirSync(dirname(path), { recursive: true })
  let told = false
  while (!take(path)) {
    const owner = ownerOf(path)
    if (isAbandoned(owner, Date.now())) {
      discard(path, owner)
      continue
    }
    if (!told) say(`another set-up is at work (process ${owner.pid}): waiting for it`)
    told = true
    await wait(POLL_MS)
  }
  const release = () => rmSync(path, { force: true })
  const touch = setInterval(() => utimesSync(path, new Date(), new Date()), TOUCH_MS)
  process.once('exit', release)
  try {
    return await work()
  } finally {
    clearInterval(touch)
    process.off('exit', release)
    release()
  }
}

/**
 * Linking a file that is already whole makes the lock and its owner's id appear in one instant.
 * @param {string} path
 */
function take(path) {
  const own = `${path}.${process.pid}`
  writeFileSync(own, String(process.pid))
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

/** @typedef {{ pid: number, touchedMs: number }} Owner */

/**
 * @param {string} path
 * @returns {Owner} an owner long gone when the lock went away meanwhile
 */
function ownerOf(path) {
  try {
    return { pid: Number(readFileSync(path, 'utf8')), touchedMs: statSync(path).mtimeMs }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { pid: 0, touchedMs: 0 }
    throw error
  }
}

/**
 * @param {Owner} owner
 * @param {number} nowMs
 */
export function isAbandoned(owner, nowMs) {
  return nowMs - owner.touchedMs > ABANDONED_MS || !isAlive(owner.pid)
}

/**
 * Two waiters may find the same dead owner: renaming lets only one of them remove it, and what turns out to be
 * somebody's fresh lock is put back.
 * @param {string} path
 * @param {Owner} owner
 */
function discard(path, owner) {
  const aside = `${path}.gone-${process.pid}`
  try {
    renameSync(path, aside)
    if (ownerOf(aside).pid !== owner.pid) linkSync(aside, path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error
  }
  rmSync(aside, { force: true })
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return pid > 0
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code
}
